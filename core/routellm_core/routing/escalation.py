"""Escalation: when another side is asked after an error or a rejected answer, each at most once per call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, Literal

from routellm_core.routing.decision import Decision, Route
from routellm_core.routing.disagreement import Disagreement
from routellm_core.routing.ladder import PAIR, Ladder
from routellm_core.routing.prices import TokenUsage

Errors = tuple[type[BaseException], ...]

ErrorsGiven = type[BaseException] | str | Iterable[type[BaseException] | str]
"""What `escalate_on=` accepts: an exception type, a word for a kind of rejected answer, or several."""

PARSE_ERROR: Literal["parse_error"] = "parse_error"

INVALID_TOOL_CALL: Literal["invalid_tool_call"] = "invalid_tool_call"

WORDS = (PARSE_ERROR, INVALID_TOOL_CALL)
"""What `escalate_on=` takes besides exception types."""


class UnparsedAnswerError(Exception):
    """An answer that did not fit its schema, passed from an adapter to the escalation and back.

    Attributes:
        outcome: what the host would have returned, if it returns such answers; else None.
        error: what the host raised, if it raises.
        usage: the answer's tokens; None if unknown.
    """

    def __init__(self, outcome: Any, error: Exception | None, usage: TokenUsage | None) -> None:
        super().__init__("the answer does not fit its schema")
        self.outcome = outcome
        self.error = error
        self.usage = usage

    def as_the_host_does(self) -> Any:
        """Return or raise what the host would have without escalation."""
        if self.error is not None:
            raise self.error
        return self.outcome


@dataclass(frozen=True, slots=True)
class Escalation:
    """What makes another side answer.

    Attributes:
        weak_errors: errors of the weak model, before its first token, after which strong is asked.
        weak_codes: the same by an error's `code`, for SDKs that have one type for many errors.
        strong_errors: the same, the other way round.
        on_parse_error: whether strong is asked if weak's structured output does not fit its schema.
        rejects: given a whole answer of the weak model; true means that strong is asked instead.
        disagreement: says which other cheap model is asked along with weak; None for none.
        on_invalid_tool_call: whether strong is asked if weak's whole answer calls an unknown tool, or one
            with arguments that break its schema.
        ladder: the tiers. With more than two, what is said of weak is true of each tier but the highest,
            after which the next one up is asked.
    """

    weak_errors: Errors = ()
    weak_codes: frozenset[str] = frozenset()
    strong_errors: Errors = ()
    on_parse_error: bool = False
    rejects: Callable[[Any], bool] | None = None
    disagreement: Disagreement | None = None
    on_invalid_tool_call: bool = False
    ladder: Ladder = PAIR

    @classmethod
    def from_settings(
        cls,
        escalate_on: ErrorsGiven = (),
        escalate_strong_on: ErrorsGiven = (),
        escalate_if: Callable[[Any], bool] | Disagreement | None = None,
        *,
        always: Errors = (),
        always_codes: Iterable[str] = (),
        ladder: Ladder = PAIR,
    ) -> Escalation:
        """Make it from the adapters' settings.

        Args:
            escalate_on: an exception type, "parse_error", "invalid_tool_call", or a collection of these.
            escalate_strong_on: an exception type or a collection of them.
            escalate_if: None, a callable that takes an answer, or a Disagreement.
            always: errors of the weak model that escalate whatever the settings say.
            always_codes: the same by their `code`.
            ladder: the tiers.

        Raises:
            ValueError: something else was given; the message names the setting.
        """
        weak = _listed(escalate_on)
        errors = _exception_types(
            [item for item in weak if item not in WORDS],
            "escalate_on",
            or_else=", 'invalid_tool_call' or 'parse_error'",
        )
        disagreement = escalate_if if isinstance(escalate_if, Disagreement) else None
        rejects = None if isinstance(escalate_if, Disagreement) else escalate_if
        # A coroutine function would return a coroutine, which is truthy for every answer.
        if rejects is not None and (not callable(rejects) or iscoroutinefunction(rejects)):
            raise ValueError(
                f"escalate_if is {rejects!r}, expected a plain function of an answer, or Disagreement(model)."
            )
        return cls(
            weak_errors=always + errors,
            weak_codes=frozenset(always_codes),
            strong_errors=_exception_types(_listed(escalate_strong_on), "escalate_strong_on"),
            on_parse_error=PARSE_ERROR in weak,
            on_invalid_tool_call=INVALID_TOOL_CALL in weak,
            rejects=rejects,
            disagreement=disagreement,
            ladder=ladder,
        )

    def after_error(self, decision: Decision, error: BaseException) -> Decision | None:
        """Return the decision to ask another side after this error, None to raise the error."""
        if isinstance(error, UnparsedAnswerError):
            return self._up(decision) if self.on_parse_error else None
        if decision.route == self.ladder.top:
            return self._down(decision) if isinstance(error, self.strong_errors) else None
        is_named = isinstance(error, self.weak_errors) or str(getattr(error, "code", None)) in self.weak_codes
        return self._up(decision) if is_named else None

    def after_answer(
        self,
        decision: Decision,
        answer: Any,
        is_invalid: Callable[[Any], bool] | None = None,
        *,
        differs: bool = False,
    ) -> Decision | None:
        """Return the decision to ask the next tier up after this whole answer, None to keep it.

        Args:
            decision: chose the side that answered.
            answer: the host's own message.
            is_invalid: whether it calls an unknown tool, or one with invalid arguments.
            differs: whether the checker of `disagreement` answered otherwise.
        """
        if not (differs or self.on_invalid_tool_call or self.rejects) or self._above(decision) is None:
            return None
        if differs or (self.on_invalid_tool_call and is_invalid is not None and is_invalid(answer)):
            return self._up(decision)
        return self._up(decision) if self.rejects is not None and self.rejects(answer) else None

    def may_follow(self, decision: Decision) -> bool:
        """Return whether another side may be asked after this one."""
        return self._above(decision) is not None or (
            bool(self.strong_errors) and decision.route == self.ladder.top and not decision.asked
        )

    def judges(self, decision: Decision) -> bool:
        """Return whether the whole answer of this side may be rejected."""
        judged = self.rejects is not None or self.on_invalid_tool_call
        return judged and self._above(decision) is not None

    def compares(self, decision: Decision) -> bool:
        """Return whether the whole answer of this side is compared with another cheap model's."""
        lowest = decision.route == self.ladder.lowest and self._above(decision) is not None
        return lowest and self.disagreement is not None

    def parses(self, decision: Decision) -> bool:
        """Return whether another side may be asked where this one's answer does not fit its schema."""
        return self.on_parse_error and self._above(decision) is not None

    def _above(self, decision: Decision) -> Route | None:
        """Return the next tier up, unless the call came down from there."""
        above = self.ladder.above(decision.route, decision.barred)
        return None if above in decision.asked else above

    def _up(self, decision: Decision) -> Decision | None:
        above = self._above(decision)
        return None if above is None else decision.escalated(above)

    def _down(self, decision: Decision) -> Decision | None:
        below = self.ladder.below(decision.route, decision.barred)
        return None if below is None or decision.asked else decision.escalated(below)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str | type):
        return [value]
    return list(value) if isinstance(value, Iterable) else [value]


def _exception_types(values: list[Any], field: str, or_else: str = "") -> Errors:
    for value in values:
        if not (isinstance(value, type) and issubclass(value, Exception)):
            raise ValueError(f"{field} holds {value!r}, expected types of Exception{or_else}.")
    return tuple(values)
