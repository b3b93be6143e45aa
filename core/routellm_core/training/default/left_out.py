"""Leave one source out: `python -m routellm_core.training.default.left_out --data DATA --source gold`.

The default router is trained without a source and tested on that source's outcomes; the judge's battles never
train it and are tested as they are.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from routellm_core.evaluation.bootstrap import curve_intervals
from routellm_core.evaluation.metrics import apgr
from routellm_core.preferences.rating.ratings import model_strengths
from routellm_core.preferences.reading.battles import Battle, read_battles
from routellm_core.preferences.reading.labels import read_labels
from routellm_core.training.default.default_router import (
    DefaultRouterSettings,
    shipped_table,
    train_default_router,
)
from routellm_core.training.default.encoder import Encoder
from routellm_core.training.default.outcomes import Outcome, outcomes_of

SOURCES = ("gold", "pro", "arena", "judge")
JUDGED_STRONG, JUDGED_WEAK = "gpt-4-turbo", "gpt-35-turbo"

ARENA_GAP = 1.0
"""Logits by which the rated models of an arena battle differ at least, so that one is the strong one."""


def tested_outcomes(data: Path, source: str) -> list[Outcome]:
    """Read the outcomes of one of `SOURCES`."""
    train = data / "train"
    if source in ("gold", "pro"):
        labels = [list(read_labels(train / f"mmlu_{name}_labels.jsonl.gz")) for name in ("gold", "pro")]
        return [outcome for outcome in outcomes_of(labels[0], labels[1]) if outcome.source == source]
    if source == "judge":
        battles = read_battles(train / "judge_battles.jsonl.gz")
        strength = {JUDGED_STRONG: 1.0, JUDGED_WEAK: 0.0}
        return _of_battles(
            [each for each in battles if {each.model_a, each.model_b} == set(strength)], strength
        )
    strength = model_strengths(list(read_battles(train / "arena_votes.csv.gz", with_prompts=False)))
    battles = read_battles(train / "arena_battles.jsonl.gz")
    return _of_battles(
        [each for each in battles if abs(strength[each.model_a] - strength[each.model_b]) >= ARENA_GAP],
        strength,
    )


def _of_battles(battles: Sequence[Battle], strength: dict[str, float]) -> list[Outcome]:
    found = []
    for battle in battles:
        first = strength[battle.model_a] > strength[battle.model_b]
        strong = battle.target if first else 1.0 - battle.target
        found.append(Outcome(battle.prompt, "battle", "", strong, 1.0 - strong))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Train without the source and print its APGR."""
    parser = argparse.ArgumentParser(
        prog="python -m routellm_core.training.default.left_out", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, which holds train/")
    parser.add_argument("--source", choices=SOURCES, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    outcomes = tested_outcomes(options.data, options.source)
    router = train_default_router(
        options.data,
        DefaultRouterSettings(),
        static=shipped_table(),
        encoder=Encoder(),
        without=options.source,
    )
    scores = router.score([outcome.prompt for outcome in outcomes])
    strong, weak = (np.array([getattr(outcome, side) for outcome in outcomes]) for side in ("strong", "weak"))
    low, high = curve_intervals(scores, weak, strong).apgr
    found = apgr(scores, weak, strong)
    sys.stdout.write(f"{options.source}: n {len(outcomes)}, APGR {found:.3f} ({low:.3f}-{high:.3f})\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
