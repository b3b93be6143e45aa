"""RoutedStructuredOutput: each side's own `with_structured_output`, routed per call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import merge_configs
from pydantic import ConfigDict, ValidationError
from typing_extensions import override

from langchain_routellm.routed_call import RoutedCall, Target, with_record
from langchain_routellm.routing_run import NoRun, RoutingRun, routing_run
from langchain_routellm.side import Side
from langchain_routellm.usage import AnswerRecorder
from routellm_core import Decision
from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route
from routellm_core.routing.escalation import UnparsedAnswerError

if TYPE_CHECKING:
    from langchain_routellm.chat_models import ChatRouteLLM

# What the providers' parsers raise for an answer that does not fit its schema.
_PARSE_ERRORS = (OutputParserException, ValidationError)


class RoutedStructuredOutput(RunnableSerializable[LanguageModelInput, Any]):
    """Decides once per call and hands it to the chosen side's structured runnable.

    Attributes:
        llm: the routed pair.
        chains: route -> the side's own `with_structured_output(...)`; a side that can't is missing.
        needs: what a call needs of a model beyond text.
    """

    llm: Any
    chains: dict[str, Runnable[Any, Any]]
    needs: frozenset[Any]

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @classmethod
    def from_schema(
        cls, llm: ChatRouteLLM, schema: Any, arguments: Mapping[str, Any]
    ) -> RoutedStructuredOutput:
        """Build both sides' structured runnables, so that a mistake shows now and not at the first call.

        Raises:
            Exception: the strong side's own, where neither side takes the schema.
        """
        chains: dict[str, Runnable[Any, Any]] = {}
        refusals: dict[Route, Exception] = {}
        for route, side in llm.sides.items():
            try:
                chains[route] = side.model.with_structured_output(schema, **arguments)
            except Exception as error:  # whatever a provider's package says, this side takes no such schema
                refusals[route] = error
        if not chains:
            raise refusals["strong"]
        return cls(llm=llm, chains=chains, needs=_needs(arguments.get("method")))

    @override
    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        call = self._call(input, config, kwargs)
        with routing_run(self.llm.trace_routing, call) as run:
            decision = self.llm.dispatcher.decide(self._request(call), call.previous)
            attempt = _Attempt(self, call, run)

            def ask(decision: Decision) -> Any:
                target = attempt.target(decision)
                try:
                    answer = target.runnable.invoke(target.input, target.config, **target.kwargs)
                except _PARSE_ERRORS as error:
                    raise attempt.unparsed(None, error) from error
                return attempt.checked(answer, decision)

            try:
                return self.llm.dispatcher.answer(decision, ask, attempt.message_of)
            except UnparsedAnswerError as unparsed:
                return attempt.as_the_host_does(unparsed)

    @override
    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        call = self._call(input, config, kwargs)
        async with routing_run(self.llm.trace_routing, call) as run:
            decision = await self.llm.dispatcher.adecide(self._request(call), call.previous)
            attempt = _Attempt(self, call, run)

            async def ask(decision: Decision) -> Any:
                target = attempt.target(decision)
                try:
                    answer = await target.runnable.ainvoke(target.input, target.config, **target.kwargs)
                except _PARSE_ERRORS as error:
                    raise attempt.unparsed(None, error) from error
                return attempt.checked(answer, decision)

            try:
                return await self.llm.dispatcher.aanswer(decision, ask, attempt.message_of)
            except UnparsedAnswerError as unparsed:
                return attempt.as_the_host_does(unparsed)

    @override
    def stream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        call = self._call(input, config, kwargs)
        with routing_run(self.llm.trace_routing, call) as run:
            decision = self.llm.dispatcher.decide(self._request(call), call.previous)
            attempt = _Attempt(self, call, run)

            def ask(decision: Decision) -> Generator[Any, None, None]:
                target = attempt.target(decision)
                chunks = target.runnable.stream(target.input, target.config, **target.kwargs)
                return cast(Generator[Any, None, None], chunks)

            yield from self.llm.dispatcher.stream(decision, ask, _any_part)
            attempt.count_tokens()

    @override
    async def astream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        call = self._call(input, config, kwargs)
        async with routing_run(self.llm.trace_routing, call) as run:
            decision = await self.llm.dispatcher.adecide(self._request(call), call.previous)
            attempt = _Attempt(self, call, run)

            def ask(decision: Decision) -> AsyncGenerator[Any, None]:
                target = attempt.target(decision)
                chunks = target.runnable.astream(target.input, target.config, **target.kwargs)
                return cast(AsyncGenerator[Any, None], chunks)

            async with aclosing(self.llm.dispatcher.astream(decision, ask, _any_part)) as parts:
                async for part in parts:
                    yield part
            attempt.count_tokens()

    @override
    def batch(self, inputs: list[Any], config: Any = None, **kwargs: Any) -> list[Any]:
        self.llm.score_ahead(inputs, config, kwargs)
        return super().batch(inputs, config, **kwargs)

    @override
    async def abatch(self, inputs: list[Any], config: Any = None, **kwargs: Any) -> list[Any]:
        await self.llm.ascore_ahead(inputs, config, kwargs)
        return await super().abatch(inputs, config, **kwargs)

    def _call(self, input: Any, config: RunnableConfig | None, kwargs: dict[str, Any]) -> RoutedCall:
        call: RoutedCall = self.llm.routed_call(input, config, None, kwargs)
        return call

    def _request(self, call: RoutedCall) -> Any:
        unable = frozenset(side for side in ("strong", "weak") if side not in self.chains)
        return self.llm.request(call, needs=self.needs, unsupported=unable)


class _Attempt:
    """One call on its way through one side, or two after an escalation."""

    def __init__(self, structured: RoutedStructuredOutput, call: RoutedCall, run: RoutingRun | NoRun) -> None:
        self._structured = structured
        self._call = call
        self._run = run
        self._recorder = AnswerRecorder()
        self._route: Route = "strong"

    def target(self, decision: Decision) -> Target:
        """Return what to call, with a recorder of the message that will be parsed."""
        self._recorder, self._route = AnswerRecorder(), decision.route
        self._run.decided(decision)
        target = self._call.target(decision, self._run.config)
        side: Side = self._call.sides[decision.route]
        return Target(
            # A side without a structured runnable is only reached where the call forces it: let it say why.
            runnable=self._structured.chains.get(decision.route) or side.model,
            input=target.input,
            config=merge_configs(target.config, {"callbacks": [self._recorder]}),
            kwargs=target.kwargs,
        )

    def checked(self, answer: Any, decision: Decision) -> Any:
        """Return an answer with the record in its raw message, or report that it does not fit the schema."""
        if isinstance(answer, dict) and {"raw", "parsed", "parsing_error"} == answer.keys():
            answer = {**answer, "raw": _raw_with_record(answer["raw"], decision)}
            if answer["parsed"] is None:
                raise self.unparsed(answer, None)
        elif answer is None:
            # The parser of tool calls returns None where the model called no tool.
            raise self.unparsed(None, None)
        return answer

    def unparsed(self, outcome: Any, error: Exception | None) -> UnparsedAnswerError:
        """Report an answer that does not fit its schema, with its tokens counted."""
        self.count_tokens()
        return UnparsedAnswerError(outcome, error, self._recorder.usage)

    def count_tokens(self) -> None:
        """Count what the recorder saw, for answers that the dispatcher does not get to see whole."""
        self._structured.llm.dispatcher.counter.count_tokens(self._route, self._recorder.usage)

    def message_of(self, answer: Any) -> AIMessage | None:
        """Return the message behind a parsed answer."""
        return self._recorder.message

    def as_the_host_does(self, unparsed: UnparsedAnswerError) -> Any:
        """Return or raise what the side's own structured runnable would have."""
        if unparsed.error is not None:
            raise unparsed.error
        return unparsed.outcome


def _raw_with_record(raw: Any, decision: Decision) -> Any:
    return with_record(raw, decision) if isinstance(raw, AIMessage) else raw


def _needs(method: Any) -> frozenset[Need]:
    if method == "json_mode":
        return frozenset()
    return frozenset({"tools"} if method == "function_calling" else {"structured_output"})


def _any_part(part: Any) -> bool:
    return True
