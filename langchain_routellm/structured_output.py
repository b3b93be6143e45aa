"""RoutedStructuredOutput: each side's own `with_structured_output`, routed per call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from contextlib import aclosing, closing
from typing import Any, cast

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import merge_configs
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError
from typing_extensions import override

from langchain_routellm.attempt import Attempt, with_record
from langchain_routellm.batch_endpoints import BatchEndpoints, ListedConfigs
from langchain_routellm.routed_call import RoutedCall
from langchain_routellm.schema_chains import SchemaChains
from langchain_routellm.usage import AnswerRecorder
from routellm_core import Decision
from routellm_core.routing.capabilities import Need
from routellm_core.routing.decision import Route
from routellm_core.routing.escalation import UnparsedAnswerError
from routellm_core.routing.routing_counter import RoutingCounter

# What the providers' parsers raise for an answer that does not fit its schema.
_PARSE_ERRORS = (OutputParserException, ValidationError)


class RoutedStructuredOutput(RunnableSerializable[LanguageModelInput, Any]):
    """Decides once per call and hands it to the chosen side's structured runnable.

    Attributes:
        llm: the routed pair.
        chains: route, or "checker" -> that model's `with_structured_output(...)`; one that can't is missing.
        include_raw: whether answers hold the message too.
        needs: what a call needs of a model beyond text.
    """

    llm: SerializeAsAny[BatchEndpoints]
    chains: dict[Route, Runnable[Any, Any]] = Field(repr=False)
    include_raw: bool
    needs: frozenset[Need]

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @classmethod
    def from_schema(
        cls, llm: BatchEndpoints, schema: dict[str, Any] | type, arguments: Mapping[str, Any]
    ) -> RoutedStructuredOutput:
        """Build all models' structured runnables, so that a mistake shows now, not at the first call.

        Raises:
            Exception: the strong side's own, where no side takes the schema.
        """
        chains: dict[Route, Runnable[Any, Any]] = {}
        refusals: dict[Route, Exception] = {}
        board = llm.switchboard
        checkers = {} if board.checker is None else {board.checker.route: board.checker}
        for route, side in {**board.sides, **checkers}.items():
            try:
                chains[route] = side.model.with_structured_output(schema, **arguments)
            except Exception as error:  # whatever a provider's package says, this model takes no such schema
                refusals[route] = error
        if not board.sides.keys() & chains.keys():
            raise next(iter(refusals.values()))
        include_raw = bool(arguments.get("include_raw"))
        return cls(llm=llm, chains=chains, include_raw=include_raw, needs=_needs(arguments.get("method")))

    @property
    @override
    def OutputType(self) -> Any:
        return self._schema_chain.OutputType

    @override
    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return cast(type[BaseModel], self._schema_chain.get_output_schema(config))

    @property
    def _schema_chain(self) -> Runnable[Any, Any]:
        return next(iter(self.chains.values()))

    @override
    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        board, parsing = self.llm.switchboard, self._parsing()

        def ask(attempt: Attempt) -> object:
            attempt = parsing.started(attempt)
            try:
                answer = attempt.runnable.invoke(attempt.input, attempt.config, **attempt.kwargs)
            except _PARSE_ERRORS as error:
                raise parsing.unparsed(None, error) from error
            return parsing.checked(answer, attempt.record)

        return board.answer(self._call(input, config, kwargs), ask, parsing.message_of)

    @override
    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        board, parsing = self.llm.switchboard, self._parsing()

        async def ask(attempt: Attempt) -> object:
            attempt = parsing.started(attempt)
            try:
                answer = await attempt.runnable.ainvoke(attempt.input, attempt.config, **attempt.kwargs)
            except _PARSE_ERRORS as error:
                raise parsing.unparsed(None, error) from error
            return parsing.checked(answer, attempt.record)

        return await board.aanswer(self._call(input, config, kwargs), ask, parsing.message_of)

    @override
    def stream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        board, parsing = self.llm.switchboard, self._parsing()

        def ask(attempt: Attempt) -> Generator[Any, None, None]:
            attempt = parsing.started(attempt)
            parts = attempt.runnable.stream(attempt.input, attempt.config, **attempt.kwargs)
            with closing(cast(Generator[Any, None, None], parts)) as stream:
                yield from stream
            parsing.count_tokens()

        yield from board.stream(self._call(input, config, kwargs), ask, _any_part, parsing.message_of)

    @override
    async def astream(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        board, parsing = self.llm.switchboard, self._parsing()

        async def ask(attempt: Attempt) -> AsyncGenerator[Any, None]:
            attempt = parsing.started(attempt)
            parts = attempt.runnable.astream(attempt.input, attempt.config, **attempt.kwargs)
            async with aclosing(cast(AsyncGenerator[Any, None], parts)) as stream:
                async for part in stream:
                    yield part
            parsing.count_tokens()

        call = self._call(input, config, kwargs)
        async with aclosing(board.astream(call, ask, _any_part, parsing.message_of)) as parts:
            async for part in parts:
                yield part

    @override
    def batch(
        self, inputs: list[LanguageModelInput], config: ListedConfigs = None, **kwargs: Any
    ) -> list[Any]:
        self.llm.score_ahead(inputs, config, kwargs)
        return super().batch(inputs, config, **kwargs)

    @override
    async def abatch(
        self, inputs: list[LanguageModelInput], config: ListedConfigs = None, **kwargs: Any
    ) -> list[Any]:
        await self.llm.ascore_ahead(inputs, config, kwargs)
        return await super().abatch(inputs, config, **kwargs)

    def _call(
        self, input: LanguageModelInput, config: RunnableConfig | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        unable = frozenset(self.llm.switchboard.sides.keys() - self.chains.keys())
        call = self.llm.routed_call(input, config, None, kwargs, needs=self.needs, unsupported=unable)
        call.schema = self._schema
        return call

    def _parsing(self) -> _Parsing:
        return _Parsing(self._schema, self.llm.switchboard.counter)

    @property
    def _schema(self) -> SchemaChains:
        return SchemaChains(self.chains, self.include_raw)


class _Parsing:
    """What becomes of one call's answers, of one side or of two after an escalation."""

    def __init__(self, schema: SchemaChains, counter: RoutingCounter) -> None:
        self._schema = schema
        self._counter = counter
        self._recorder = AnswerRecorder()
        self._decision: Decision | None = None

    def started(self, attempt: Attempt) -> Attempt:
        """Return the attempt to make, with a recorder of the message that will be parsed."""
        self._recorder, self._decision = AnswerRecorder(), attempt.decision
        # A side without a structured runnable is only reached if the call forces it: let it explain.
        model, _ = attempt.unbound()
        return attempt._replace(
            runnable=self._schema.chain_of(attempt.decision.route, attempt.kwargs) or model,
            kwargs={},
            config=merge_configs(attempt.config, {"callbacks": [self._recorder]}),
        )

    def checked(self, answer: object, record: dict[str, Any]) -> object:
        """Return an answer with the record in its raw message, or report that it does not fit the schema."""
        if isinstance(answer, dict) and {"raw", "parsed", "parsing_error"} == answer.keys():
            answer = {**answer, "raw": _raw_with_record(answer["raw"], record)}
            if answer["parsed"] is None:
                raise self.unparsed(answer, None)
        elif answer is None:
            # The parser of tool calls returns None if the model called no tool.
            raise self.unparsed(None, None)
        return answer

    def unparsed(self, outcome: object, error: Exception | None) -> UnparsedAnswerError:
        """Report an answer that does not fit its schema, with its tokens counted."""
        self.count_tokens()
        return UnparsedAnswerError(outcome, error, self._recorder.usage)

    def count_tokens(self) -> None:
        """Count what the recorder saw, for answers that the dispatcher does not get to see whole."""
        if self._decision is not None:
            self._counter.count_tokens(self._decision, self._recorder.usage)

    def message_of(self, answer: object) -> AIMessage | None:
        """Return the message behind a parsed answer, or behind the parts of a streamed one."""
        return self._recorder.message


def _raw_with_record(raw: object, record: dict[str, Any]) -> object:
    return with_record(raw, record) if isinstance(raw, AIMessage) else raw


def _needs(method: object) -> frozenset[Need]:
    if method == "json_mode":
        return frozenset()
    return frozenset({"tools"} if method == "function_calling" else {"structured_output"})


def _any_part(part: object) -> bool:
    return True
