"""ChatRouteLLM: a chat model that hands each call to its strong or its weak model.

It overrides the public methods and calls the same one of the chosen model, so that one call is one run,
named, priced, cached, limited and retried as if that model had been called directly.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import aclosing, closing
from typing import Any, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_model_stream import ChatModelStream
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import BaseModel
from typing_extensions import override

from langchain_routellm.batches import Batches
from langchain_routellm.bound_tools import BoundTools
from langchain_routellm.routed_call import with_record
from langchain_routellm.routed_events import (
    AsyncRoutedEvents,
    Event,
    RoutedEvents,
    apassed_on,
    holds_token,
    passed_on,
)
from langchain_routellm.routing_run import routing_run
from langchain_routellm.streamed_answer import StreamTokens, has_token
from langchain_routellm.structured_output import RoutedStructuredOutput
from routellm_core import Decision


class ChatRouteLLM(Batches):
    """A strong and a weak chat model behind one threshold.

    ```python
    llm = ChatRouteLLM(
        strong=ChatOpenAI(model="gpt-4o"), weak=ChatOpenAI(model="gpt-4o-mini"), strong_share=0.3
    )
    llm.invoke("What is 2+2?").response_metadata["routellm"]
    # {"route": "weak", "score": ..., "threshold": ..., "reason": "score", "router": "default"}
    ```

    Exactly one of `strong_share`, `threshold` and `from_calibration(path)` says how much goes to strong. Per
    call, `config={"configurable": {"routellm_threshold": 0.9}}` or `"routellm_route": "strong"` beat it, and
    so does `with routing(...)`. The other settings are described at `RoutingModel`'s fields.

    Raises:
        ValueError: (as pydantic's ValidationError) a setting is missing, out of range or unknown; the message
            names it, its value and what was expected.
    """

    @override
    def invoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        call = self.routed_call(input, config, stop, kwargs)
        with routing_run(self.trace_routing, call) as run:
            dispatcher = self.dispatcher
            decision = dispatcher.decide(self.request(call), call.previous)

            def ask(decision: Decision) -> AIMessage:
                target = call.target(decision, run.config)
                answer: AIMessage = target.runnable.invoke(target.input, target.config, **target.kwargs)
                return with_record(answer, decision)

            return run.finished(dispatcher.answer(decision, ask))

    @override
    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        call = self.routed_call(input, config, stop, kwargs)
        async with routing_run(self.trace_routing, call) as run:
            dispatcher = self.dispatcher
            decision = await dispatcher.adecide(self.request(call), call.previous)

            async def ask(decision: Decision) -> AIMessage:
                target = call.target(decision, run.config)
                answer: AIMessage = await target.runnable.ainvoke(
                    target.input, target.config, **target.kwargs
                )
                return with_record(answer, decision)

            return run.finished(await dispatcher.aanswer(decision, ask))

    @override
    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        call = self.routed_call(input, config, stop, kwargs)
        with routing_run(self.trace_routing, call) as run:
            decision = self.dispatcher.decide(self.request(call), call.previous)

            def ask(decision: Decision) -> Generator[AIMessageChunk, None, None]:
                target = call.target(decision, run.config)
                chunks = target.runnable.stream(target.input, target.config, **target.kwargs)
                return self._recorded(cast(Generator[AIMessageChunk, None, None], chunks), decision)

            with closing(self.dispatcher.stream(decision, ask, has_token)) as chunks:
                for chunk in chunks:
                    yield run.finished(chunk)

    @override
    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        call = self.routed_call(input, config, stop, kwargs)
        async with routing_run(self.trace_routing, call) as run:
            decision = await self.dispatcher.adecide(self.request(call), call.previous)

            def ask(decision: Decision) -> AsyncGenerator[AIMessageChunk, None]:
                target = call.target(decision, run.config)
                chunks = target.runnable.astream(target.input, target.config, **target.kwargs)
                return self._arecorded(cast(AsyncGenerator[AIMessageChunk, None], chunks), decision)

            async with aclosing(self.dispatcher.astream(decision, ask, has_token)) as chunks:
                async for chunk in chunks:
                    yield run.finished(chunk)

    def _recorded(
        self, chunks: Generator[AIMessageChunk, None, None], decision: Decision
    ) -> Generator[AIMessageChunk, None, None]:
        """Put the record on the first chunk, so that the sum of all holds it once, and count the tokens."""
        tokens = StreamTokens(self.dispatcher.counter, decision.route)
        with closing(chunks), tokens:
            for index, chunk in enumerate(chunks):
                tokens.add(chunk)
                yield chunk if index else with_record(chunk, decision)

    async def _arecorded(
        self, chunks: AsyncGenerator[AIMessageChunk, None], decision: Decision
    ) -> AsyncGenerator[AIMessageChunk, None]:
        tokens = StreamTokens(self.dispatcher.counter, decision.route)
        async with aclosing(chunks):
            with tokens:
                index = 0
                async for chunk in chunks:
                    tokens.add(chunk)
                    yield chunk if index else with_record(chunk, decision)
                    index += 1

    @override
    def stream_events(
        self, input: Any, config: RunnableConfig | None = None, *, version: str = "v2", **kwargs: Any
    ) -> Any:
        if version != "v3":
            return super().stream_events(input, config, version=cast(Any, version), **kwargs)
        call = self.routed_call(input, config, kwargs.pop("stop", None), kwargs)

        def events(routed: ChatModelStream) -> Generator[Event, None, None]:
            with routing_run(self.trace_routing, call) as run:
                dispatcher = self.dispatcher
                decision = dispatcher.decide(self.request(call), call.previous)

                def ask(decision: Decision) -> Generator[Event, None, None]:
                    run.decided(decision)
                    target = call.target(decision, run.config)
                    stream = cast(Any, target.runnable).stream_events(
                        target.input, target.config, version="v3", **target.kwargs
                    )
                    return passed_on(stream, routed, decision, dispatcher.counter)

                with closing(dispatcher.stream(decision, ask, holds_token)) as passed:
                    yield from passed

        return RoutedEvents(events)

    @override
    def astream_events(
        self, input: Any, config: RunnableConfig | None = None, *, version: str = "v2", **kwargs: Any
    ) -> Any:
        if version != "v3":
            return super().astream_events(input, config, version=cast(Any, version), **kwargs)
        return self._astream_events_v3(input, config, kwargs)

    async def _astream_events_v3(
        self, input: Any, config: RunnableConfig | None, kwargs: dict[str, Any]
    ) -> Any:
        call = self.routed_call(input, config, kwargs.pop("stop", None), kwargs)

        async def events(routed: AsyncRoutedEvents) -> AsyncGenerator[Event, None]:
            async with routing_run(self.trace_routing, call) as run:
                dispatcher = self.dispatcher
                decision = await dispatcher.adecide(self.request(call), call.previous)

                def ask(decision: Decision) -> AsyncGenerator[Event, None]:
                    run.decided(decision)
                    target = call.target(decision, run.config)
                    opening = cast(Any, target.runnable).astream_events(
                        target.input, target.config, version="v3", **target.kwargs
                    )
                    return apassed_on(opening, routed, decision, dispatcher.counter)

                async with aclosing(dispatcher.astream(decision, ask, holds_token)) as passed:
                    async for event in passed:
                        yield event

        return AsyncRoutedEvents(events)

    @override
    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self.bind(tools=BoundTools.bind(tools, list(self.sides.values()), kwargs), **kwargs)

    @override
    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        return RoutedStructuredOutput.from_schema(self, schema, {"include_raw": include_raw, **kwargs})

    def route(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Decision:
        """Return how a call would be routed, without making or counting it."""
        return self.dispatcher.preview(self.request(self.routed_call(input, config, None, kwargs)))
