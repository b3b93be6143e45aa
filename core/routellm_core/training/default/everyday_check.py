"""Check a router on everyday prompts that were held out from all training.

Whether hard prompts score above easy ones (the AUC: the share of pairs in the right order), in English where
length predicts nothing and where it predicts the opposite, and in other languages by one threshold; and
whether a route stays the same when a phrase without content is added to a prompt.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from routellm_core.calibration.share import calibrate_threshold
from routellm_core.loading import load_router
from routellm_core.logits import Floats
from routellm_core.router import Router
from routellm_core.routing.threshold import goes_to_strong
from routellm_core.training.default.ratings import TRAINING_DATA

SHARE = 0.3
"""The share of strong calls at which decorations are tried."""

DECORATIONS: dict[str, Callable[[str], str]] = {
    "order number": lambda text: f"{text} (order 48213-B)",
    "ticket": lambda text: f"[ticket 55120] {text}",
    "date": lambda text: f"{text} (2024-03-12)",
    "phone": lambda text: f"{text} Call me at +1 555 0142.",
    "URL": lambda text: f"{text} https://example.com/a/b?id=7781",
    "price": lambda text: f"{text} ($49.90)",
    "thanks": lambda text: f"{text} Thanks!",
    "greeting": lambda text: f"Hi, {text}",
    "emoji": lambda text: f"{text} 😊",
    "lower case": str.lower,
    "upper case": str.upper,
}
"""Name -> what puts on a prompt something that says nothing of how hard it is."""


@dataclass(frozen=True)
class HeldOut:
    """Prompts of one set: "natural", "reversed", or a language."""

    name: str
    prompts: list[str]
    hard: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Stability:
    """What one decoration does: the share to strong before and after it, and routes that stay."""

    name: str
    before: float
    after: float
    stays: float


def read_held_out(path: Path) -> list[HeldOut]:
    """Read the held-out prompts, set by set."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        HeldOut(
            name,
            [row["prompt"] for row in rows if row["set"] == name],
            np.array([row["hard"] for row in rows if row["set"] == name]),
        )
        for name in dict.fromkeys(sorted(row["set"] for row in rows))
    ]


def auc(scores: Floats, hard: npt.NDArray[np.bool_]) -> float:
    """Return the share of pairs of a hard and an easy prompt of which the hard one scores higher."""
    above = scores[hard][:, None] - scores[~hard][None, :]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def auc_interval(
    scores: Floats, hard: npt.NDArray[np.bool_], *, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of `auc`, hard and easy prompts drawn apart."""
    rng = np.random.default_rng(seed)
    above, below = scores[hard], scores[~hard]
    found = []
    for _ in range(draws):
        drawn = np.concatenate([rng.choice(above, len(above)), rng.choice(below, len(below))])
        found.append(auc(drawn, np.arange(len(drawn)) < len(above)))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def stability(router: Router, prompts: Sequence[str], share: float = SHARE) -> list[Stability]:
    """Try all decorations, at the threshold that sends `share` of the plain prompts to strong."""
    plain = router.score(prompts)
    threshold = calibrate_threshold(plain, share)
    strong = goes_to_strong(plain, threshold)
    found = []
    for name, decorate in DECORATIONS.items():
        after = goes_to_strong(router.score([decorate(text) for text in prompts]), threshold)
        found.append(
            Stability(name, float(strong.mean()), float(after.mean()), float((after == strong).mean()))
        )
    return found


def report(router: Router, held_out: Sequence[HeldOut]) -> list[str]:
    """Return the lines of the whole check."""
    lines = [f"{'set':12} {'n':>4} {'hard':>5}  AUC (95 % bootstrap)   prompt length"]
    foreign = [part for part in held_out if len(part.name) == 2]
    joined = HeldOut(
        "languages",
        [text for part in foreign for text in part.prompts],
        np.concatenate([p.hard for p in foreign]),
    )
    everything = HeldOut(
        "all",
        [text for part in held_out for text in part.prompts],
        np.concatenate([p.hard for p in held_out]),
    )
    for part in (*held_out, joined, everything):
        scores = router.score(part.prompts)
        low, high = auc_interval(scores, part.hard)
        length = auc(np.array([float(len(text)) for text in part.prompts]), part.hard)
        lines.append(
            f"{part.name:12} {len(part.prompts):4} {part.hard.sum():5}  {auc(scores, part.hard):.3f} "
            f"({low:.3f}-{high:.3f})    {length:.3f}"
        )
    lines.append(f"decorations at a share of {SHARE:.0%}: share to strong after, routes that stay")
    lines += [
        f"{each.name:14} {each.after:6.1%} {each.stays:7.1%}"
        for each in stability(router, everything.prompts)
    ]
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the check."""
    parser = argparse.ArgumentParser(
        prog="python -m routellm_core.training.default.everyday_check", description=__doc__
    )
    parser.add_argument(
        "--router", default="default", help="name or folder of the router (default: %(default)s)"
    )
    parser.add_argument(
        "--prompts", type=Path, default=TRAINING_DATA / "held_out.jsonl", help="the held-out set"
    )
    options = parser.parse_args(arguments)
    lines = report(load_router(options.router), read_held_out(options.prompts))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
