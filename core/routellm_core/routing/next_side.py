"""NextSide: whether the other side is asked too, after an error or an answer of the first; once per call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from routellm_core.routing.decider import Decider
from routellm_core.routing.decision import Decision
from routellm_core.routing.disagreement import SecondOpinion
from routellm_core.routing.escalation import Escalation, UnparsedAnswerError
from routellm_core.routing.panics import failure_of
from routellm_core.routing.prices import TokenUsage
from routellm_core.routing.router_failure import warn_of_gate

IsInvalid = Callable[[Any], bool]


def _no_usage(answer: Any) -> None:
    return None


@dataclass(frozen=True)
class NextSide(Decider):
    """Judges answers and errors, and counts what becomes of them.

    Attributes:
        escalation: whether the other side is asked as well.
        usage_of: the tokens of a message; None if they are unknown.
    """

    escalation: Escalation = field(default_factory=Escalation)
    usage_of: Callable[[Any], TokenUsage | None] = _no_usage

    def _after_error(self, decision: Decision, error: Exception) -> Decision | None:
        # In shadow mode strong answers every call, or fails it.
        following = None if self.shadow else self.escalation.after_error(decision, error)
        if following is not None:
            unparsed = error if isinstance(error, UnparsedAnswerError) else None
            self.counter.count_escalation(following, unparsed.usage if unparsed else None)
            self._note(following, "parse_error" if unparsed else type(error).__name__)
        return following

    def _after_answer(
        self, decision: Decision, message: Any, final: bool, is_invalid: IsInvalid | None, differs: bool
    ) -> Decision | None:
        usage = self.usage_of(message)
        self.counter.count_tokens(decision, usage)
        following = None if final else self._after_judging(decision, message, is_invalid, differs)
        if following is None and decision.account is not None:
            decision.account.complete_record()
        return following

    def _after_judging(
        self, decision: Decision, message: Any, is_invalid: IsInvalid | None, differs: bool
    ) -> Decision | None:
        """Return what follows on a whole answer whose tokens are counted; None if it stays."""
        try:
            following = self.escalation.after_answer(decision, message, is_invalid, differs=differs)
        except BaseException as error:
            # The answer is there and paid for: what can't judge it takes it from nobody.
            failure = failure_of(error)
            if failure is None or self.policy.on_router_error == "raise":
                raise
            warn_of_gate(failure, decision.route)
            self.counter.count_gate_failure()
            return None
        following = self._affordable(decision, following)
        if following is not None:
            self.counter.count_escalation(following, self.usage_of(message))
            self._note(following, "disagreement" if differs else "rejected")
        return following

    def _affordable(self, decision: Decision, following: Decision | None) -> Decision | None:
        """Return what follows on a rejected answer; None if there is no money for strong's."""
        if following is None or following.route != self.policy.ladder.top or self.budget is None:
            return following
        if self.budget.allows(decision):
            return following
        self.counter.count_held_back(decision)
        if decision.account is not None:
            decision.account.held_back()
        return None

    def _judges(self, decision: Decision, opinion: SecondOpinion | None) -> bool:
        """Return whether a streamed answer is held until it was judged."""
        if self.shadow:
            return False
        return self.escalation.judges(decision) or self._sought(opinion, decision, False) is not None

    def _sought(self, opinion: SecondOpinion | None, decision: Decision, final: bool) -> SecondOpinion | None:
        """Return what asks the checker; None if its answer could change nothing."""
        if opinion is None or self.shadow or not self.escalation.compares(decision):
            return None
        if final:
            self.counter.count_uncompared()
            return None
        return opinion if self.budget is None or self.budget.allows(decision) else None

    def _note(self, following: Decision, cause: str) -> None:
        self.memory.note(following)
        if following.account is not None:
            following.account.escalated(following, cause)
