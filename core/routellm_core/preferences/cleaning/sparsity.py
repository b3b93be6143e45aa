"""Sparsity: how thinly labels are spread over pairs of models (paper, section 4.1).

On the paper's data any two models share less than 0.1 % of all labels; tiers of models address that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class LabelSparsity:
    """How many labels pairs of classes share; a class is a model, or a tier of models.

    Attributes:
        labels: number of comparisons.
        classes: number of models or tiers that occur.
        pairs: number of possible pairs of different classes.
        compared: number of them that share at least one label.
        within: labels of two models of the same tier, which belong to no pair.
        median_labels: median labels per possible pair.
        mean_labels: mean labels per possible pair.
        most_labels: most labels of any pair.
    """

    labels: int
    classes: int
    pairs: int
    compared: int
    within: int
    median_labels: float
    mean_labels: float
    most_labels: int

    @property
    def compared_share(self) -> float:
        """Share of the possible pairs with any label; 0 if there is no pair."""
        return self.compared / self.pairs if self.pairs else 0.0

    @property
    def label_share(self) -> float:
        """Share of all labels that two classes have in common, on average over pairs; the paper's figure."""
        return self.mean_labels / self.labels if self.labels else 0.0


def label_sparsity(pairs: Iterable[tuple[str, str]], tiers: Mapping[str, int] | None = None) -> LabelSparsity:
    """Count labels per pair of models, or of tiers.

    Args:
        pairs: the two models of each comparison.
        tiers: model -> tier, every model of `pairs`; None to count models.

    Raises:
        ValueError: a model has no tier.
    """
    pairs = list(pairs)
    models = {name: name for pair in pairs for name in pair}
    classes: dict[str, str | int] = {**models}
    if tiers is not None:
        missing = sorted(models.keys() - tiers.keys())
        if missing:
            raise ValueError(f"tiers lacks {missing}, which occur in the comparisons.")
        classes = {name: tiers[name] for name in models}
    counts: Counter[frozenset[str | int]] = Counter()
    within = 0
    for first, second in pairs:
        pair = frozenset((classes[first], classes[second]))
        if len(pair) == 2:
            counts[pair] += 1
        else:
            within += 1
    size = len(set(classes.values()))
    possible = size * (size - 1) // 2
    per_pair = [*counts.values(), *[0] * (possible - len(counts))]
    return LabelSparsity(
        labels=len(pairs),
        classes=size,
        pairs=possible,
        compared=len(counts),
        within=within,
        median_labels=float(median(per_pair)) if per_pair else 0.0,
        mean_labels=sum(per_pair) / possible if possible else 0.0,
        most_labels=max(per_pair, default=0),
    )
