"""`routellm calibrate`: the threshold that sends a wanted share of the user's prompts to the strong model."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from routellm_core.calibration.record import Calibration
from routellm_core.calibration.share import calibrate_threshold
from routellm_core.preferences.prompts import read_prompts
from routellm_core.registry import load_router
from routellm_core.validation import check_fraction

SUMMARY = "find the threshold for a share of strong calls on your own prompts"


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--router", default="default", help="a name or a folder (default: %(default)s)")
    parser.add_argument(
        "--prompts",
        required=True,
        metavar="FILE",
        help="JSON Lines or CSV with a field prompt, or plain lines of text; .gz too",
    )
    parser.add_argument(
        "--strong-share",
        required=True,
        type=float,
        metavar="X",
        help="share of calls that the strong model is to answer, between 0 and 1",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="write the calibration here, for ChatRouteLLM.from_calibration and RouteLLM.from_calibration",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Yield the threshold and what it realises on the prompts."""
    share = check_fraction(options.strong_share, "--strong-share")
    router = load_router(options.router)
    prompts = read_prompts(options.prompts)
    say(f"scoring {len(prompts)} prompts")
    scores = router.score(prompts)
    threshold = calibrate_threshold(scores, share)
    # what stays below goes to weak; the rule itself is the policy's
    realised = 1.0 - float((scores < threshold).mean())
    # A folder is written as an absolute path: a calibration is read from anywhere.
    name = str(Path(options.router).resolve()) if Path(options.router).is_dir() else options.router
    calibration = Calibration(router=name, threshold=threshold, strong_share=share, prompts=len(prompts))
    if options.out:
        calibration.save(options.out)
    if options.json:
        yield json.dumps({**asdict(calibration), "realised_share": realised})
        return
    yield f"threshold {threshold:.6f} sends {realised:.1%} of {len(prompts)} prompts to strong"
    spread = np.quantile(scores, [0.05, 0.5, 0.95])
    yield "scores: 5 % below {:.4f}, half below {:.4f}, 95 % below {:.4f}".format(*spread)
    if options.out:
        yield f"wrote {options.out}"
