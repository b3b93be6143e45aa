"""DirectCalls: how a call is read, and the ways into a chat model beside invoke and stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun, Callbacks
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from typing_extensions import override

from langchain_routellm.pair_identity import PairIdentity
from langchain_routellm.routed_call import RoutedCall, with_record
from langchain_routellm.run_config import call_config
from routellm_core import Decision, RoutingRequest
from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route

# Versions of packages, which the inner model's own run names too.
_VERSIONS = {"lc_versions"}


class DirectCalls(PairIdentity):
    """`generate` and its kin, which callers of old reach."""

    def routed_call(
        self, input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        """Read one call's arguments."""
        if stop is not None:
            kwargs["stop"] = stop
        mine: RunnableConfig = {}
        if self.callbacks is not None:
            mine["callbacks"] = self.callbacks
        if self.tags:
            mine["tags"] = self.tags
        metadata = self.metadata
        if metadata and metadata.keys() != _VERSIONS:
            mine["metadata"] = {key: value for key, value in metadata.items() if key not in _VERSIONS}
        given = call_config(config)
        return RoutedCall(
            input,
            None if isinstance(input, str) else self._convert_input(input).to_messages(),
            merge_configs(mine, given) if mine else given,
            kwargs,
            self.sides,
        )

    def request(
        self,
        call: RoutedCall,
        needs: frozenset[Need] = frozenset(),
        unsupported: frozenset[Route] = frozenset(),
    ) -> RoutingRequest:
        """Describe a call for the policy."""
        return call.request(
            extractor=self.prompt_extractor,
            sticky=self.sticky == "conversation",
            capabilities=self.capabilities,
            needs=needs,
            unsupported=unsupported,
        )

    @override
    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        config, arguments = _config_of(callbacks, kwargs)
        results = []
        for prompt in messages:
            call = self.routed_call(prompt, config, stop, dict(arguments))
            decision = self.dispatcher.decide(self.request(call), call.previous)

            def ask(decision: Decision, call: RoutedCall = call) -> LLMResult:
                target = call.target(decision)
                model, arguments = target.unbound()
                result = model.generate([target.input], **_arguments_of(target.config), **arguments)
                return _recorded(result, decision)

            results.append(self.dispatcher.answer(decision, ask, _message_of))
        return self._combined(results)

    @override
    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        config, arguments = _config_of(callbacks, kwargs)

        async def answered(prompt: list[BaseMessage]) -> LLMResult:
            call = self.routed_call(prompt, config, stop, dict(arguments))
            decision = await self.dispatcher.adecide(self.request(call), call.previous)

            async def ask(decision: Decision) -> LLMResult:
                target = call.target(decision)
                model, arguments = target.unbound()
                result = await model.agenerate([target.input], **_arguments_of(target.config), **arguments)
                return _recorded(result, decision)

            return await self.dispatcher.aanswer(decision, ask, _message_of)

        return self._combined(await asyncio.gather(*[answered(prompt) for prompt in messages]))

    def _combined(self, results: Sequence[LLMResult]) -> LLMResult:
        """Join the results of several prompts, each of which may have been answered by another model."""
        if len(results) == 1:
            return results[0]
        strong = self.sides["strong"].model
        outputs = [result.llm_output for result in results]
        combined = LLMResult(
            generations=[generations for result in results for generations in result.generations],
            llm_output=strong._combine_llm_outputs(outputs),
        )
        combined.run = [run for result in results for run in result.run or []]
        return combined

    # Not reached through the public methods above; here for those who call them directly.

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _chat_result(self.generate([messages], stop=stop, **kwargs))

    @override
    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _chat_result(await self.agenerate([messages], stop=stop, **kwargs))

    @override
    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self.stream(messages, stop=stop, **kwargs):
            yield ChatGenerationChunk(message=chunk)

    @override
    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in self.astream(messages, stop=stop, **kwargs):
            yield ChatGenerationChunk(message=chunk)


def _config_of(callbacks: Callbacks, kwargs: dict[str, Any]) -> tuple[RunnableConfig, dict[str, Any]]:
    """Split generate's arguments into a configuration and what goes to the model."""
    names = ("tags", "metadata", "run_name", "run_id")
    config = cast(RunnableConfig, {name: kwargs[name] for name in names if kwargs.get(name) is not None})
    if callbacks is not None:
        config["callbacks"] = callbacks
    return config, {name: value for name, value in kwargs.items() if name not in names}


def _arguments_of(config: RunnableConfig) -> dict[str, Any]:
    return {name: config.get(name) for name in ("callbacks", "tags", "metadata", "run_name", "run_id")}


def _recorded(result: LLMResult, decision: Decision) -> LLMResult:
    generations = [
        [
            generation.model_copy(update={"message": with_record(generation.message, decision)})
            if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage)
            else generation
            for generation in candidates
        ]
        for candidates in result.generations
    ]
    return result.model_copy(update={"generations": generations})


def _message_of(result: LLMResult) -> Any:
    generation = result.generations[0][0]
    return generation.message if isinstance(generation, ChatGeneration) else None


def _chat_result(result: LLMResult) -> ChatResult:
    generations = [
        generation for generation in result.generations[0] if isinstance(generation, ChatGeneration)
    ]
    return ChatResult(generations=generations, llm_output=result.llm_output)
