"""Calibration: a threshold from the share of calls that is to go to strong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.router import Router
from routellm_core.validation import check_fraction

FORMAT_VERSION = 1


def calibrate_threshold(scores: Sequence[float] | npt.NDArray[np.float64], strong_share: float) -> float:
    """Return the threshold whose share of `score >= threshold` is nearest to the asked one.

    Args:
        scores: shape (n,), n >= 1, each in [0, 1].
        strong_share: in [0, 1].

    Raises:
        ValueError: no scores, scores that are not finite or outside [0, 1], or a share outside [0, 1].
    """
    share = check_fraction(strong_share, "strong_share")
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"scores has shape {array.shape}, expected (n,) with at least one score.")
    if not ((array >= 0.0) & (array <= 1.0)).all():
        raise ValueError("scores holds a value that is not a number in [0, 1].")
    # Only a distinct score, or one above them all, changes what goes to strong; equal scores go together.
    values, counts = np.unique(array, return_counts=True)
    shares = counts[::-1].cumsum()[::-1] / array.size
    candidates = np.append(values, min(1.0, float(np.nextafter(values[-1], 2.0))))
    realised = np.append(shares, 0.0 if values[-1] < 1.0 else shares[-1])
    return float(candidates[np.abs(realised - share).argmin()])


def threshold_for_share(router: Router, strong_share: float) -> float:
    """Return the threshold for a share of strong calls, by the quantiles that a router ships.

    Raises:
        ValueError: the router ships no quantiles, or the share is outside [0, 1].
    """
    if router.score_quantiles is None:
        raise ValueError(
            f"strong_share is given, but router {router.name!r} ships no score quantiles: set threshold=, or "
            "run routellm calibrate on your own prompts and use from_calibration(path)."
        )
    return calibrate_threshold(router.score_quantiles, strong_share)


@dataclass(frozen=True)
class Calibration:
    """What `routellm calibrate` wrote.

    Attributes:
        router: the name or folder of the router that was calibrated.
        threshold: in [0, 1].
        strong_share: the share that was asked for; None where another target was.
        prompts: how many prompts it was calibrated on.
    """

    router: str
    threshold: float
    strong_share: float | None = None
    prompts: int = 0

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as JSON."""
        text = json.dumps({"format_version": FORMAT_VERSION, **asdict(self)}, indent=2)
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Calibration:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not a calibration, or one of a newer format.
        """
        try:
            data: Any = json.loads(Path(path).read_bytes())
        except ValueError as error:
            raise ValueError(f"{path} is not JSON ({error}): write it with routellm calibrate.") from error
        if not isinstance(data, dict) or "threshold" not in data or not isinstance(data.get("router"), str):
            raise ValueError(f"{path} is not a calibration: write it with routellm calibrate --out {path}.")
        if data.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                f"{path} has format_version {data.get('format_version')!r}, this version reads "
                f"{FORMAT_VERSION}: upgrade routellm-plugins, or calibrate again."
            )
        share, prompts = data.get("strong_share"), data.get("prompts", 0)
        if not isinstance(prompts, int) or isinstance(prompts, bool) or prompts < 0:
            raise ValueError(f"prompts in {path} is {prompts!r}, expected a count.")
        return cls(
            router=data["router"],
            threshold=check_fraction(data["threshold"], f"threshold in {path}"),
            strong_share=None if share is None else check_fraction(share, f"strong_share in {path}"),
            prompts=prompts,
        )
