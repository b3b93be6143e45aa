"""The default router's training data: prompts, comparisons and model strengths from the data folder.

What makes it more than reading files: each gold label becomes comparisons, and each exam question is also
shown without its options, so that what makes a question hard is learned apart from the exam's format.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.published_factorization import STRONG, WEAK
from routellm_core.embedders.surface import question_of
from routellm_core.preferences.rating.ratings import model_strengths
from routellm_core.preferences.reading.battles import Battle, read_battles
from routellm_core.preferences.reading.labels import Label, read_labels
from routellm_core.preferences.reading.records import DataError
from routellm_core.training.factorization.fit import Comparisons

_RENAMED = {"Mixtral-8x7B-Instruct-v0.1": WEAK}
"""The same model under another name, so that its rows are shared between files."""

_ARENA_ANCHOR = "gpt-4"
"""The arena's ratings have a free origin: its gpt-4 is put where the labels put `STRONG`."""


@dataclass(frozen=True)
class CorpusSettings:
    """How much each source counts: the total weight of all comparisons of one prompt.

    Attributes:
        gold: a gold question as asked, with options and "Answer:".
        gold_question: the same without options.
        pro: an MMLU-Pro question with options, without "Answer:" (its models reasoned first).
        pro_question: the same without options.
        arena: a battle by people's votes.
        judge: a battle judged by a model; such battles are used for `sources="all"` only.
        class_share: of a label of many models, the share of its weight that goes to pairs of a model at least
            as strong as `STRONG` with one about as strong as `WEAK`: the paper's classes, for the pair itself
            has few labels. The rest goes to pairs of any two models, so that every model has a vector.
        class_width: how far, in logits, a model of the weak class may be from `WEAK`.
        pairs: other pairs drawn from each label.
        seed: for the draw.
    """

    gold: float = 1.0
    gold_question: float = 0.3
    pro: float = 0.1
    pro_question: float = 1.0
    arena: float = 0.3
    judge: float = 0.1
    class_share: float = 0.9
    class_width: float = 0.3
    pairs: int = 16
    seed: int = 0


@dataclass(frozen=True)
class Corpus:
    """All that is trained on.

    Attributes:
        prompts: n texts.
        sources: n names, the source of each: "gold", "pro", "arena", "judge".
        calibration: shape (n,), True for the texts as users would send them (no question shown twice).
        models: M names.
        strengths: shape (M,), in logits.
        comparisons: rows refer to prompts, models to `models`; a group is a source and category.
    """

    prompts: list[str]
    sources: list[str]
    calibration: npt.NDArray[np.bool_]
    models: list[str]
    strengths: npt.NDArray[np.float64]
    comparisons: Comparisons


def read_corpus(data: Path, sources: str, settings: CorpusSettings) -> Corpus:
    """Read the training files under `data`/train.

    Args:
        data: the data folder.
        sources: "licensed" (files whose source states a licence) or "all" (the judge's battles too).
        settings: weights of the sources.

    Raises:
        ValueError: `sources` is neither.
        DataError: a file is missing or damaged.
    """
    if sources not in ("licensed", "all"):
        raise ValueError(f"sources is {sources!r}, expected 'licensed' or 'all'.")
    train = data / "train"
    gold = list(read_labels(train / "mmlu_gold_labels.jsonl.gz"))
    pro = [_renamed(label) for label in read_labels(train / "mmlu_pro_labels.jsonl.gz")]
    battles = {"arena": list(read_battles(train / "arena_battles.jsonl.gz"))}
    votes = list(read_battles(train / "arena_votes.csv.gz", with_prompts=False))
    if sources == "all":
        battles["judge"] = list(read_battles(train / "judge_battles.jsonl.gz"))
        votes += battles["judge"]
    strengths = _strengths(gold, pro, votes)
    builder = _Builder(strengths, settings)
    for label in gold:
        builder.add_label(label, label.prompt, "gold", "gold", settings.gold, True)
        builder.add_label(
            label, question_of(label.prompt), "gold", "gold question", settings.gold_question, False
        )
    for label in pro:
        with_options = label.prompt.rstrip().removesuffix("Answer:").rstrip()
        question = question_of(label.prompt)
        builder.add_label(label, with_options, "pro", f"pro {label.category}", settings.pro, True)
        builder.add_label(
            label, question, "pro", f"pro {label.category} question", settings.pro_question, False
        )
    for source, fought in battles.items():
        for battle in fought:
            builder.add_battle(battle, source, settings.arena if source == "arena" else settings.judge)
    return builder.corpus()


class _Builder:
    def __init__(self, strengths: dict[str, float], settings: CorpusSettings) -> None:
        self.models = sorted(strengths)
        self.strengths = np.array([strengths[name] for name in self.models])
        self.index = {name: position for position, name in enumerate(self.models)}
        self.strong, self.weak = strengths[STRONG], strengths[WEAK]
        self.settings = settings
        self.rng = np.random.default_rng(settings.seed)
        self.prompts: list[str] = []
        self.sources: list[str] = []
        self.calibration: list[bool] = []
        self.groups: dict[str, int] = {}
        self.rows: list[tuple[int, int, int, float, float, int]] = []

    def add_label(
        self, label: Label, text: str, source: str, group: str, weight: float, calibration: bool
    ) -> None:
        row, group_index = self._add_prompt(text, source, group, calibration)
        names = list(label.scores)
        order = np.array([self.index[name] for name in names])
        scores = np.array([label.scores[name] for name in names])
        strengths = self.strengths[order]
        width = self.settings.class_width
        # (k, k): pairs with the stronger model first, so that a target says whether strength paid off
        stronger = strengths[:, None] > strengths[None, :]
        in_class = (strengths[:, None] >= self.strong) & (np.abs(strengths - self.weak) <= width)[None, :]
        chosen = np.argwhere(stronger & in_class)
        others = np.argwhere(stronger & ~in_class)
        if len(others) > self.settings.pairs:
            others = others[np.sort(self.rng.choice(len(others), self.settings.pairs, replace=False))]
        share = self.settings.class_share if len(others) else 1.0
        for pairs, part in ((chosen, share), (others, 1.0 - share)):
            for first, second in pairs:
                target = 0.5 + 0.5 * float(np.sign(scores[first] - scores[second]))
                comparison = (
                    row,
                    int(order[first]),
                    int(order[second]),
                    target,
                    weight * part / len(pairs),
                    group_index,
                )
                self.rows.append(comparison)

    def add_battle(self, battle: Battle, source: str, weight: float) -> None:
        for model in (battle.model_a, battle.model_b):
            if model not in self.index:
                raise DataError(f"{source} battles: model {model!r} has no votes to tell its strength by.")
        row, group = self._add_prompt(battle.prompt, source, source, True)
        a, b = self.index[battle.model_a], self.index[battle.model_b]
        self.rows.append((row, a, b, battle.target, weight, group))

    def _add_prompt(self, text: str, source: str, group: str, calibration: bool) -> tuple[int, int]:
        self.prompts.append(text)
        self.sources.append(source)
        self.calibration.append(calibration)
        return len(self.prompts) - 1, self.groups.setdefault(group, len(self.groups))

    def corpus(self) -> Corpus:
        rows, firsts, seconds, targets, weights, groups = zip(*self.rows, strict=True)
        comparisons = Comparisons(
            row=np.array(rows),
            first=np.array(firsts),
            second=np.array(seconds),
            target=np.array(targets),
            weight=np.array(weights),
            group=np.array(groups),
        )
        return Corpus(
            prompts=self.prompts,
            sources=self.sources,
            calibration=np.array(self.calibration),
            models=self.models,
            strengths=self.strengths,
            comparisons=comparisons,
        )


def _renamed(label: Label) -> Label:
    scores = {_RENAMED.get(name, name): value for name, value in label.scores.items()}
    return Label(label.prompt, scores, label.category)


def _strengths(gold: Sequence[Label], pro: Sequence[Label], votes: Sequence[Battle]) -> dict[str, float]:
    # Logits of mean scores; gold's own models are placed by their distance from the one shared with pro.
    strengths = _mean_logits(pro)
    by_gold = _mean_logits(gold)
    for name, value in by_gold.items():
        strengths.setdefault(name, strengths[WEAK] + value - by_gold[WEAK])
    ratings = model_strengths(votes)
    shift = strengths[STRONG] - ratings.get(_ARENA_ANCHOR, max(ratings.values()))
    for name, rating in ratings.items():
        strengths.setdefault(name, rating + shift)
    return strengths


def _mean_logits(labels: Sequence[Label]) -> dict[str, float]:
    scores: dict[str, list[float]] = {}
    for label in labels:
        for name, value in label.scores.items():
            scores.setdefault(name, []).append(value)
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    return {name: math.log(mean / (1.0 - mean)) for name, mean in means.items()}
