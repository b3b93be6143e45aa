"""GenerateEndpoints: `generate` and the private methods under it, for callers that bypass `invoke`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun, Callbacks
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, LLMResult
from typing_extensions import override

from langchain_routellm.attempt import Attempt, with_record
from langchain_routellm.pair_settings import PairSettings
from langchain_routellm.run_config import arguments_of_config, config_of_arguments


class GenerateEndpoints(PairSettings):
    """The older entry points, for callers that bypass `invoke`."""

    @override
    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        config, arguments = config_of_arguments(callbacks, kwargs)
        board = self.switchboard

        def ask(attempt: Attempt) -> LLMResult:
            model, arguments = attempt.unbound()
            result = model.generate(
                [cast(list[BaseMessage], attempt.input)], **arguments_of_config(attempt.config), **arguments
            )
            return _recorded(result, attempt.record)

        calls = [self.routed_call(prompt, config, stop, dict(arguments), traced=False) for prompt in messages]
        return self._combined([board.answer(call, ask, _message_of) for call in calls])

    @override
    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        config, arguments = config_of_arguments(callbacks, kwargs)
        board = self.switchboard

        async def ask(attempt: Attempt) -> LLMResult:
            model, arguments = attempt.unbound()
            result = await model.agenerate(
                [cast(list[BaseMessage], attempt.input)], **arguments_of_config(attempt.config), **arguments
            )
            return _recorded(result, attempt.record)

        calls = [self.routed_call(prompt, config, stop, dict(arguments), traced=False) for prompt in messages]
        answers = [board.aanswer(call, ask, _message_of) for call in calls]
        return self._combined(await asyncio.gather(*answers))

    def _combined(self, results: Sequence[LLMResult]) -> LLMResult:
        """Join the results of several prompts, each of which may have been answered by another model."""
        if len(results) == 1:
            return results[0]
        strong = self.switchboard.top.lead
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


def _recorded(result: LLMResult, record: dict[str, Any]) -> LLMResult:
    generations = [
        [
            generation.model_copy(update={"message": with_record(generation.message, record)})
            if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage)
            else generation
            for generation in candidates
        ]
        for candidates in result.generations
    ]
    return result.model_copy(update={"generations": generations})


def _message_of(result: LLMResult) -> BaseMessage | None:
    candidates = result.generations[0] if result.generations else []
    if not candidates:
        # The host hands on what a provider sent without any choice.
        return AIMessage("")
    generation = candidates[0]
    return generation.message if isinstance(generation, ChatGeneration) else None


def _chat_result(result: LLMResult) -> ChatResult:
    generations = [
        generation for generation in result.generations[0] if isinstance(generation, ChatGeneration)
    ]
    return ChatResult(generations=generations, llm_output=result.llm_output)
