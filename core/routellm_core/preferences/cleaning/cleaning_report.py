"""CleaningReport: what cleaning read, dropped and kept, as numbers, JSON and a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from routellm_core.preferences.cleaning.cleaning import Cleaning
from routellm_core.preferences.cleaning.sparsity import LabelSparsity, label_sparsity


@dataclass(frozen=True)
class CleaningReport:
    """The counts of one cleaning.

    Attributes:
        read: rows of the source; rejected + dropped + kept.
        rejected: reason -> rows that could not be used.
        dropped: reason -> rows that were removed.
        kept: rows that stay.
        prompts_before: distinct prompts of the usable rows.
        prompts_after: distinct prompts of those that stay.
        before: distribution of the usable rows' labels over pairs of models.
        after: the same for the kept rows.
        languages: language -> kept rows, the most frequent first; empty if not requested.
    """

    read: int
    rejected: Mapping[str, int]
    dropped: Mapping[str, int]
    kept: int
    prompts_before: int
    prompts_after: int
    before: LabelSparsity
    after: LabelSparsity
    languages: Mapping[str, int]

    @classmethod
    def from_cleaning(
        cls,
        cleaning: Cleaning,
        prompts: Sequence[str],
        pairs: Sequence[Sequence[tuple[str, str]]],
        rejected: Mapping[str, int],
    ) -> CleaningReport:
        """Return the counts of one cleaning.

        Args:
            cleaning: of n rows.
            prompts: n texts.
            pairs: n, the pairs of models that each row compares: one for a battle.
            rejected: reason -> unusable rows, which are not among the n.
        """
        kept = cleaning.kept.tolist()
        tags = Counter(cleaning.languages[row] or "unknown" for row in kept)
        return cls(
            read=len(prompts) + sum(rejected.values()),
            rejected=rejected,
            dropped=cleaning.counts,
            kept=len(kept),
            prompts_before=len(set(prompts)),
            prompts_after=len({prompts[row] for row in kept}),
            before=label_sparsity(pair for row in pairs for pair in row),
            after=label_sparsity(pair for row in kept for pair in pairs[row]),
            languages=dict(tags.most_common()) if any(cleaning.languages) else {},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def table(self) -> str:
        """Return the counts as lines for people."""
        rows = [("rows read", f"{self.read:,}")]
        rows += [(f"rejected, {reason}", f"{count:,}") for reason, count in self.rejected.items()]
        rows += [(f"dropped, {reason}", f"{count:,}") for reason, count in self.dropped.items()]
        rows += [("kept", f"{self.kept:,}")]
        rows += [(f"language {language}", f"{count:,}") for language, count in self.languages.items()]
        parts = (self.before, self.after)
        spread = [
            ("labels", "before", "after"),
            ("distinct prompts", f"{self.prompts_before:,}", f"{self.prompts_after:,}"),
            ("comparisons", *(f"{part.labels:,}" for part in parts)),
            ("models", *(f"{part.classes:,}" for part in parts)),
            ("pairs of models", *(f"{part.pairs:,}" for part in parts)),
            ("pairs with comparisons", *(f"{part.compared_share:.1%}" for part in parts)),
            ("comparisons per pair, median", *(f"{part.median_labels:,.0f}" for part in parts)),
            ("comparisons per pair, most", *(f"{part.most_labels:,}" for part in parts)),
            ("share of all per pair, mean", *(f"{part.label_share:.3%}" for part in parts)),
        ]
        return "\n".join([*_aligned(rows), "", *_aligned(spread)])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
