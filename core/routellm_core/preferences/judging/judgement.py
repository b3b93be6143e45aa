"""Judgement: what the judge made of one prompt's two answers, and the result of a whole run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from routellm_core.preferences.judging.question import Question
from routellm_core.preferences.judging.verdict import Verdict, combined_grades, combined_winner
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label


class JudgingStopped(RuntimeError):
    """A run that ended early, for a reason outside of it; what was paid is kept, and it can be resumed."""


@dataclass(frozen=True)
class Judgement:
    """One prompt's battle.

    Attributes:
        question: what both models answered.
        strong: the strong model's name.
        weak: the weak model's name.
        verdicts: with the strong model's answer first, and second; None if both gave the same text, which
            is a tie without a judge.
    """

    question: Question
    strong: str
    weak: str
    verdicts: tuple[Verdict, Verdict] | None

    @property
    def prompt(self) -> str:
        """The question's text, as the router scores it."""
        return self.question.text

    @property
    def battle(self) -> Battle:
        """The battle, strong as model_a; a preference that the swap does not survive is a tie."""
        winner = "tie" if self.verdicts is None else combined_winner(*self.verdicts)
        return Battle(self.prompt, self.strong, self.weak, winner)

    @property
    def label(self) -> Label | None:
        """The mean grades over both orders, 1 to 5; None if none were asked for."""
        grades = None if self.verdicts is None else combined_grades(*self.verdicts)
        if grades is None:
            return None
        return Label(self.prompt, {self.strong: grades[0], self.weak: grades[1]})


@dataclass(frozen=True)
class JudgingResult:
    """What a run came to.

    Attributes:
        judgements: one per distinct prompt, in their order; None if there is none.
        rejected: reason -> how many prompts have no judgement for it.
        repeated: prompts left out because they had come before.
        stopped: why the run ended early; "" where it came to its end.
        made: calls that a provider answered in this run.
        reused: calls that the log answered.
        given: answers that were there before; see `KnownAnswers`.
        truncated: answers of this run that were cut at the limit on their tokens.
        interrupted: calls that were in flight when an earlier run was killed.
        spent: cost of all answers in the log, by the prices given.
        lost: what calls without an answer may have cost.
    """

    judgements: tuple[Judgement | None, ...]
    rejected: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    stopped: str = ""
    made: int = 0
    reused: int = 0
    given: int = 0
    truncated: int = 0
    interrupted: int = 0
    spent: float = 0.0
    lost: float = 0.0

    @property
    def found(self) -> list[Judgement]:
        """The judgements that were made."""
        return [judgement for judgement in self.judgements if judgement is not None]

    @property
    def failure(self) -> str:
        """Why the run ended early, or came to nothing; "" where there are judgements to go on with."""
        if self.stopped or not self.judgements or self.found:
            return self.stopped
        reason = max(self.rejected, key=lambda one: self.rejected[one], default="")
        return f"none of {len(self.judgements)} prompts could be judged: {reason}" if reason else ""

    @property
    def agreement(self) -> float:
        """Share of judged pairs on which both orders name the same winner or a tie; nan without any."""
        swaps = {"first": "second", "second": "first", "tie": "tie"}
        pairs = [judgement.verdicts for judgement in self.found if judgement.verdicts is not None]
        return _mean(swaps[in_order.preferred] == swapped.preferred for in_order, swapped in pairs)

    @property
    def first_share(self) -> float:
        """Share of the answer shown first among verdicts other than ties; 0.5 without bias."""
        verdicts = [verdict for judgement in self.found for verdict in judgement.verdicts or ()]
        return _mean(verdict.preferred == "first" for verdict in verdicts if verdict.preferred != "tie")

    def battle_rows(self) -> list[dict[str, Any]]:
        """The battles as rows that `read_battles` reads.

        `source` is "judge", or "equal answers"; a conversation has its `messages` beside its prompt.
        """
        return [
            {
                "prompt": judgement.prompt,
                "model_a": judgement.strong,
                "model_b": judgement.weak,
                "winner": judgement.battle.winner,
                "source": "equal answers" if judgement.verdicts is None else "judge",
                **_context(judgement.question),
            }
            for judgement in self.found
        ]

    def label_rows(self) -> list[dict[str, Any]]:
        """The labels as rows that `read_labels` reads: the grades, or of verdicts without, who won.

        Without grades the winner scores 1, the other 0, and both 0.5 in a tie.
        """
        rows = []
        for judgement in self.found:
            battle = judgement.battle
            won = {battle.model_a: battle.target, battle.model_b: 1.0 - battle.target}
            scores = won if judgement.label is None else dict(judgement.label.scores)
            rows.append({"prompt": judgement.prompt, "scores": scores, **_context(judgement.question)})
        return rows


def _context(question: Question) -> dict[str, Any]:
    return {"messages": question.messages()} if question.is_conversation else {}


def _mean(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else float("nan")
