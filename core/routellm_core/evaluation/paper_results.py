"""Paper results: what the RouteLLM paper prints for its best data (arXiv 2406.18665v4, tables 1 to 3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperResult:
    """One row of the paper.

    Attributes:
        router: the router and its training data.
        cpt50: share of strong calls in [0, 1] that recovers half the gap.
        cpt80: the same for 80 %.
        apgr: as the paper defines it.
    """

    router: str
    cpt50: float
    cpt80: float
    apgr: float


_JUDGE, _GOLD = "arena + judge", "arena + gold"

PAPER_RESULTS: dict[str, tuple[PaperResult, ...]] = {
    "mmlu": (
        PaperResult(f"SW, {_GOLD}", 0.3540, 0.7155, 0.603),
        PaperResult(f"MF, {_GOLD}", 0.3546, 0.7140, 0.597),
        PaperResult(f"BERT, {_GOLD}", 0.4130, 0.7220, 0.572),
        PaperResult(f"causal LLM, {_GOLD}", 0.3549, 0.7031, 0.600),
    ),
    "gsm8k": (
        PaperResult(f"SW, {_JUDGE}", 0.4121, 0.7220, 0.568),
        PaperResult(f"MF, {_JUDGE}", 0.3882, 0.7262, 0.565),
        PaperResult(f"BERT, {_JUDGE}", 0.4476, 0.7909, 0.531),
        PaperResult(f"causal LLM, {_JUDGE}", 0.3364, 0.6326, 0.622),
    ),
    "mt-bench": (
        PaperResult(f"SW, {_JUDGE}", 0.2321, 0.3604, 0.759),
        PaperResult(f"MF, {_JUDGE}", 0.1340, 0.3131, 0.802),
        PaperResult(f"BERT, {_JUDGE}", 0.1958, 0.3402, 0.751),
        PaperResult(f"causal LLM, {_JUDGE}", 0.3150, 0.4875, 0.679),
    ),
}
"""Benchmark -> the rows trained on arena battles and judge or gold labels. Our MMLU leaves out the questions
that are gold labels here; the paper's gold questions are from the validation set, so its n is 14,037."""
