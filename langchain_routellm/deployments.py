"""Deployments: one side's fallbacks, retries or configurable model, called as one chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Self, cast

from langchain_core.callbacks import CallbackManagerForLLMRun, Callbacks
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, LLMResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import BaseModel
from typing_extensions import override

from langchain_routellm.model_arguments import with_arguments
from langchain_routellm.routed_events import AsyncRoutedEvents, RoutedEvents
from langchain_routellm.run_config import config_of_arguments
from langchain_routellm.wrapped_models import chosen, first_model, is_configurable, mapped

REPLACED = ("tools", "tool_choice", "parallel_tool_calls", "response_format", "strict")
"""Bound arguments whose place a schema takes, as it does with one model."""


class Deployments(BaseChatModel):
    """Calls a wrapper around chat models, and makes one of the same kind where tools or a schema are bound.

    Attributes:
        runnable: `with_fallbacks(...)`, `with_retry()` or a configurable model, as the user gave it.
        lead: the model that is asked first, whose formats the history is written in.
    """

    runnable: Runnable[Any, Any]
    lead: BaseChatModel

    @classmethod
    def of(cls, runnable: Runnable[Any, Any]) -> Self | None:
        """Make it from a wrapper; None if something inside of it is no chat model."""
        lead = first_model(runnable)
        return None if lead is None else cls(runnable=runnable, lead=lead)

    def under(self, config: RunnableConfig) -> BaseChatModel:
        """Return the model that a call's configuration chooses; this one if it chooses none."""
        if not is_configurable(self.runnable):
            return self
        model, _ = chosen(self.runnable, config)
        return model if isinstance(model, BaseChatModel) else self._around(model)

    def with_fields(self, fields: Mapping[str, Any]) -> Self:
        """Return the same of models with replaced fields; the user's own are not touched."""

        def replaced(model: BaseChatModel, kwargs: Mapping[str, Any]) -> Runnable[Any, Any]:
            copy = model.model_copy(update=dict(fields))
            # Cached on the original, before the fields were replaced.
            copy.__dict__.pop("_serialized", None)
            return copy.bind(**kwargs) if kwargs else copy

        return self._around(mapped(self.runnable, replaced))

    def _around(self, runnable: Runnable[Any, Any]) -> Self:
        return type(self)(runnable=runnable, lead=first_model(runnable) or self.lead)

    @override
    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        def bound(model: BaseChatModel, its: Mapping[str, Any]) -> Runnable[Any, Any]:
            return model.bind_tools(tools, **{**its, **kwargs})

        return type(self)(runnable=mapped(self.runnable, bound), lead=self.lead)

    @override
    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        def structured(model: BaseChatModel, its: Mapping[str, Any]) -> Runnable[Any, Any]:
            chain = model.with_structured_output(schema, include_raw=include_raw, **kwargs)
            return with_arguments(chain, {name: value for name, value in its.items() if name not in REPLACED})

        return mapped(self.runnable, structured)

    @override
    def invoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        return cast(AIMessage, self.runnable.invoke(input, config, **_with_stop(kwargs, stop)))

    @override
    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        return cast(AIMessage, await self.runnable.ainvoke(input, config, **_with_stop(kwargs, stop)))

    @override
    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        yield from self.runnable.stream(input, config, **_with_stop(kwargs, stop))

    @override
    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        async for chunk in self.runnable.astream(input, config, **_with_stop(kwargs, stop)):
            yield chunk

    @override
    def stream_events(
        self, input: Any, config: RunnableConfig | None = None, *, version: str = "v2", **kwargs: Any
    ) -> Any:
        if version != "v3":
            return super().stream_events(input, config, version=cast(Any, version), **kwargs)
        # LangChain's own converter, imported only when it is needed.
        from langchain_core.language_models._compat_bridge import chunks_to_events

        chunks = (ChatGenerationChunk(message=chunk) for chunk in self.stream(input, config, **kwargs))
        return RoutedEvents(lambda _: cast(Any, chunks_to_events(chunks)))

    @override
    def astream_events(
        self, input: Any, config: RunnableConfig | None = None, *, version: str = "v2", **kwargs: Any
    ) -> Any:
        if version != "v3":
            return super().astream_events(input, config, version=cast(Any, version), **kwargs)
        return self._astream_events_v3(input, config, kwargs)

    async def _astream_events_v3(
        self, input: LanguageModelInput, config: RunnableConfig | None, kwargs: dict[str, Any]
    ) -> AsyncRoutedEvents:
        from langchain_core.language_models._compat_bridge import achunks_to_events

        chunks = (ChatGenerationChunk(message=chunk) async for chunk in self.astream(input, config, **kwargs))
        return AsyncRoutedEvents(lambda _: cast(Any, achunks_to_events(chunks)))

    @override
    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        config, arguments = config_of_arguments(callbacks, kwargs)
        return _result([self.invoke(prompt, config, stop=stop, **arguments) for prompt in messages])

    @override
    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        config, arguments = config_of_arguments(callbacks, kwargs)
        return _result([await self.ainvoke(prompt, config, stop=stop, **arguments) for prompt in messages])

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.invoke(messages, stop=stop, **kwargs))])

    @property
    @override
    def _llm_type(self) -> str:
        return str(self.lead._llm_type)


def lead_of(model: BaseChatModel) -> BaseChatModel:
    """Return the model whose formats a side uses: the side's own, or the first of its deployments."""
    return model.lead if isinstance(model, Deployments) else model


def _with_stop(kwargs: dict[str, Any], stop: list[str] | None) -> dict[str, Any]:
    return kwargs if stop is None else {**kwargs, "stop": stop}


def _result(answers: Sequence[AIMessage]) -> LLMResult:
    return LLMResult(generations=[[ChatGeneration(message=answer)] for answer in answers])
