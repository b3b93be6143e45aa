"""Traffic: the decisions of a log by score, with their tokens, added up while the log streams by."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from routellm_core.calibration.share import threshold_of_counts
from routellm_core.evaluation.decision_table import COLUMNS, DecisionTable
from routellm_core.logits import Floats
from routellm_core.preferences.reading.logged_call import LoggedCall
from routellm_core.routing.prices import CHARACTERS_PER_TOKEN, Price, TokenUsage

SAMPLE = 2000
"""Prompts whose text is kept, drawn uniformly from all decisions."""

SHOWN_CHARACTERS = 2000
"""Characters kept of such a prompt."""

ANSWER_TOKENS = 264
"""The paper's mean answer (appendix D), if a log has neither token counts nor answers."""

_CHUNK = 1024

_MOST_MODELS = 1000


@dataclass(frozen=True)
class Traffic:
    """The decisions of a log, in k groups of equal or neighbouring scores; see `ScoreGroups`.

    Attributes:
        scores: the lowest score of each group, ascending, shape (k,).
        decisions: how many each group holds, shape (k,).
        tokens: input, output and cached input of all their calls, shape (3, k).
        calls: model calls, of all decisions.
        without_tokens: calls whose tokens are estimated from their texts.
        prompts: the texts of some decisions, drawn uniformly.
        prompt_scores: their scores.
        models: model -> its tokens and calls in the log.
        unnamed: calls without a model's name.
        span: seconds between the first call and the last; None if the log has no times.
        with_conversation: calls that name their conversation.
        with_answer: calls whose answer is kept.
    """

    scores: Floats
    decisions: Floats
    tokens: Floats
    calls: int
    without_tokens: int
    prompts: Sequence[str]
    prompt_scores: Floats
    models: dict[str, tuple[TokenUsage, int]]
    unnamed: int
    span: float | None
    with_conversation: int
    with_answer: int

    @property
    def count(self) -> int:
        """How many decisions there are."""
        return int(self.decisions.sum())

    def threshold(self, strong_share: float) -> float:
        """Return the threshold whose share of strong decisions is nearest to this one."""
        return threshold_of_counts(self.scores, self.decisions, strong_share)

    def cost(self, price: Price) -> Floats:
        """Return what each group's calls cost at this price, shape (k,)."""
        sent, answered, cached = self.tokens
        reread = price.input if price.cached_input is None else price.cached_input
        cost: Floats = ((sent - cached) * price.input + cached * reread + answered * price.output) / 1e6
        return cost


@dataclass
class TrafficBuilder:
    """Gathers `Traffic` from calls, in one pass.

    Attributes:
        score: scores a list of prompts.
        answer_tokens: assumed for answers missing from the log; None uses the log's own mean.
        boundaries: thresholds whose costs have to be exact.
    """

    score: Callable[[list[str]], Floats]
    answer_tokens: int | None = None
    boundaries: Sequence[float] = ()
    _waiting: list[str] = field(default_factory=list)
    _columns: list[list[float]] = field(default_factory=list)
    _flushed: int = 0
    _kept: dict[int, str] = field(default_factory=dict)
    _models: dict[str, TokenUsage] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)
    _times: tuple[float, float] | None = None
    _random: random.Random = field(default_factory=lambda: random.Random(0))
    _slots: list[int] = field(default_factory=list)

    def gather(self, calls: Iterable[LoggedCall]) -> Traffic:
        """Return the traffic of the calls that a router would decide.

        Raises:
            OSError: the temporary table can't be kept; see `DecisionTable`.
        """
        with DecisionTable() as table:
            for call in calls:
                if call.starts:
                    if len(self._waiting) == _CHUNK:
                        self._flush(table)
                    self._began(call)
                self._add(call, table)
            self._flush(table)
            return self._built(table)

    def _began(self, call: LoggedCall) -> None:
        text = call.text or ""
        self._waiting.append(text)
        self._columns.append([0.0] * COLUMNS)
        # Reservoir sampling: each decision so far is kept with the same probability.
        if len(self._slots) < SAMPLE:
            self._slots.append(call.decision)
            self._kept[call.decision] = text[:SHOWN_CHARACTERS]
        elif (slot := self._random.randrange(call.decision + 1)) < SAMPLE:
            del self._kept[self._slots[slot]]
            self._slots[slot] = call.decision
            self._kept[call.decision] = text[:SHOWN_CHARACTERS]

    def _add(self, call: LoggedCall, table: DecisionTable) -> None:
        usage, told = call.usage, True
        if usage is None:
            usage, told = self._estimated(call)
            self._counts["estimated"] += 1
        else:
            self._counts["output"] += usage.output
            self._counts["told"] += 1
        numbers = (usage.input, usage.output, usage.cached_input, 1, not told)
        if call.decision < self._flushed:
            table.add(call.decision, numbers)
        else:
            kept = self._columns[call.decision - self._flushed]
            for column, number in enumerate(numbers):
                kept[column] += number
        if call.model is None or (call.model not in self._models and len(self._models) >= _MOST_MODELS):
            self._counts["unnamed"] += 1
        else:
            self._models[call.model] = self._models.get(call.model, TokenUsage()) + usage
            self._counts[f"calls of {call.model}"] += 1
        self._counts["conversation"] += call.conversation is not None
        self._counts["answer"] += call.answer is not None
        if call.time is not None:
            first, last = self._times or (call.time, call.time)
            self._times = (min(first, call.time), max(last, call.time))

    def _estimated(self, call: LoggedCall) -> tuple[TokenUsage, bool]:
        """Return tokens estimated from text lengths, and whether the answer's are included."""
        sent = -(-sum(len(message.text) for message in call.messages) // CHARACTERS_PER_TOKEN)
        if call.answer is None:
            return TokenUsage(sent), False
        return TokenUsage(sent, -(-len(call.answer) // CHARACTERS_PER_TOKEN)), True

    def _flush(self, table: DecisionTable) -> None:
        if self._waiting:
            distinct = list(dict.fromkeys(self._waiting))
            found = dict(zip(distinct, self.score(distinct).tolist(), strict=True))
            table.append(self._flushed, [found[text] for text in self._waiting], self._columns)
            self._flushed += len(self._waiting)
            self._waiting.clear()
            self._columns.clear()

    @property
    def unanswered_tokens(self) -> float:
        """Output tokens assumed for an answer missing from the log."""
        if self.answer_tokens is not None:
            return self.answer_tokens
        told = self._counts["told"]
        return self._counts["output"] / told if told else ANSWER_TOKENS

    def _built(self, table: DecisionTable) -> Traffic:
        groups = table.groups(self.boundaries)
        sent, answered, cached, calls, unanswered = groups.columns
        sample = sorted(self._kept)
        return Traffic(
            scores=groups.scores,
            decisions=groups.decisions,
            tokens=np.stack([sent, answered + unanswered * self.unanswered_tokens, cached]),
            calls=int(calls.sum()),
            without_tokens=self._counts["estimated"],
            prompts=[self._kept[number] for number in sample],
            prompt_scores=np.array([table.score(number) for number in sample]),
            models={name: (usage, self._counts[f"calls of {name}"]) for name, usage in self._models.items()},
            unnamed=self._counts["unnamed"],
            span=None if self._times is None else self._times[1] - self._times[0],
            with_conversation=self._counts["conversation"],
            with_answer=self._counts["answer"],
        )
