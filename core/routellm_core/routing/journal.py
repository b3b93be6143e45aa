"""Journal: the record of every call, for the decision log, the user's own function, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from routellm_core.router import Router
from routellm_core.routing.call_account import CallAccount, plain_tokens
from routellm_core.routing.decision import Decision, Route
from routellm_core.routing.decision_log import DecisionLog, Row
from routellm_core.routing.prices import TokenUsage

OnDecision = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Journal:
    """Writes one row per call, in the background.

    Attributes:
        logs: where rows go.
        router: the one in use.
        models: the names of both models.
    """

    logs: tuple[DecisionLog, ...]
    router: Router
    models: Mapping[Route, str | None]

    def __post_init__(self) -> None:
        # Computed now, not while a call waits: it is a digest of all weights.
        _ = self.router.fingerprint

    @cached_property
    def _about(self) -> dict[str, Any]:
        return {"fingerprint": self.router.fingerprint, "models": dict(self.models)}

    def write(self, account: CallAccount) -> None:
        """Write a call's row; never raises and never blocks."""
        row = {**account.row(), **self._about}
        for log in self.logs:
            log.write(row, account.first.text)

    def write_answers(
        self,
        decision: Decision,
        texts: Mapping[Route, str | None],
        tokens: Mapping[Route, TokenUsage | None],
        row: Mapping[str, Any],
    ) -> None:
        """Write what several models answered to a call; never raises and never blocks.

        Args:
            decision: the call's.
            texts: side -> its answer, which only logs that keep texts get.
            tokens: side -> what it used beyond the call itself.
            row: what else is known.
        """
        used = {route: plain_tokens(usage) for route, usage in tokens.items() if usage is not None}
        values = {"answers_of": decision.id, **row, "tokens": used, **self._about}
        for log in self.logs:
            log.write({**values, "answers": dict(texts)} if log.log_text else values, decision.text)


class FunctionStore:
    """Passes rows to a user's function; a failure loses only that row."""

    shared = False

    def __init__(self, function: OnDecision) -> None:
        """Store the function."""
        self._function = function

    def append(self, rows: list[Row]) -> None:
        """Call the function with each row; raises its last error after all rows."""
        failure: Exception | None = None
        for row in rows:
            try:
                self._function(dict(row))
            except Exception as error:
                failure = error
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Do nothing: nothing is open."""
