"""ChatRouteLLM: a chat model that hands each call to its strong or its weak model.

It overrides the public methods and calls the same one of the chosen model, so that one call is one run,
named, priced, cached, limited and retried as if that model had been called directly.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_model_stream import ChatModelStream
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import BaseModel
from typing_extensions import override

from langchain_routellm.answer_stream import aforwarded, forwarded, is_token, whole_message
from langchain_routellm.attempt import Attempt, with_record
from langchain_routellm.batch_endpoints import BatchEndpoints
from langchain_routellm.bound_tools import BoundTools
from langchain_routellm.generate_endpoints import GenerateEndpoints
from langchain_routellm.pair_constructors import PairConstructors
from langchain_routellm.pair_identity import PairIdentity
from langchain_routellm.routed_events import (
    AsyncRoutedEvents,
    Event,
    RoutedEvents,
    apassed_on,
    holds_token,
    passed_on,
    whole_answer,
)
from langchain_routellm.structured_output import RoutedStructuredOutput
from routellm_core import Decision
from routellm_core.checkpoints.explanation import Explanation


class ChatRouteLLM(BatchEndpoints, GenerateEndpoints, PairConstructors, PairIdentity):
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
    so does `with routing(...)`. The other settings are described at `PairFields`; `from_tiers` takes more
    than two models.

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
        return self.switchboard.answer(self.routed_call(input, config, stop, kwargs), _invoked)

    @override
    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        return await self.switchboard.aanswer(self.routed_call(input, config, stop, kwargs), _ainvoked)

    @override
    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        board = self.switchboard
        call = self.routed_call(input, config, stop, kwargs)
        yield from board.stream(call, partial(forwarded, board.counter), is_token, whole_message)

    @override
    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        board = self.switchboard
        call = self.routed_call(input, config, stop, kwargs)
        answer = board.astream(call, partial(aforwarded, board.counter), is_token, whole_message)
        async with aclosing(answer) as chunks:
            async for chunk in chunks:
                yield chunk

    @override
    def stream_events(
        self, input: Any, config: RunnableConfig | None = None, *, version: str = "v2", **kwargs: Any
    ) -> Any:
        if version != "v3":
            return super().stream_events(input, config, version=cast(Any, version), **kwargs)
        board = self.switchboard
        call = self.routed_call(input, config, kwargs.pop("stop", None), kwargs)

        def events(routed: ChatModelStream) -> Generator[Event, None, None]:
            return board.stream(call, partial(passed_on, board.counter, routed), holds_token, whole_answer)

        return RoutedEvents(events)

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
        board = self.switchboard
        call = self.routed_call(input, config, kwargs.pop("stop", None), kwargs)

        def events(routed: AsyncRoutedEvents) -> AsyncGenerator[Event, None]:
            return board.astream(call, partial(apassed_on, board.counter, routed), holds_token, whole_answer)

        return AsyncRoutedEvents(events)

    @override
    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        # Hosts look for the parameter in the signature before they give it.
        named = {"tool_choice": tool_choice, "parallel_tool_calls": parallel_tool_calls}
        kwargs |= {name: value for name, value in named.items() if value is not None}
        return self.bind(
            tools=BoundTools.bind(tools, list(self.switchboard.sides.values()), kwargs), **kwargs
        )

    @override
    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        return RoutedStructuredOutput.from_schema(self, schema, {"include_raw": include_raw, **kwargs})

    def route(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Decision:
        """Return how a call would be routed, without making or counting it."""
        return self.switchboard.preview(self.routed_call(input, config, None, kwargs))

    def explain(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Explanation:
        """Return what moved the score of the very text that a call would be scored by, without making it.

        Raises:
            ValueError: the router explains nothing, or the call is routed without a score.
            RouterError: there is no score.
        """
        board = self.switchboard
        return board.dispatcher.explain(board.request(self.routed_call(input, config, None, kwargs)))


def _invoked(attempt: Attempt) -> AIMessage:
    answer = attempt.runnable.invoke(attempt.input, attempt.config, **attempt.kwargs)
    return with_record(cast(AIMessage, answer), attempt.record)


async def _ainvoked(attempt: Attempt) -> AIMessage:
    answer = await attempt.runnable.ainvoke(attempt.input, attempt.config, **attempt.kwargs)
    return with_record(cast(AIMessage, answer), attempt.record)
