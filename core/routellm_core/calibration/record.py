"""Calibration: the file between `routellm calibrate` and the adapters' `from_calibration`."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.json_content import MOST_VALUES, parse_json
from routellm_core.checkpoints.plain_file import MOST_CONFIG_BYTES, read_plain
from routellm_core.router import Router
from routellm_core.routing.validation import check_fraction

FORMAT_VERSION = 1


class CalibrationWarning(UserWarning):
    """A calibration may not apply to what it is used for."""


@dataclass(frozen=True)
class Calibration:
    """What `routellm calibrate` wrote.

    Attributes:
        router: the name or folder of the router that was calibrated.
        threshold: in [0, 1].
        strong_share: share of the calibration prompts that reach the threshold, in [0, 1].
        prompts: number of calibration prompts.
        fingerprint: the router's, see `Router.fingerprint`; None if it has none.
        strong: the strong model's name; None if irrelevant.
        weak: the weak model's name; None if irrelevant.
        target: what was asked for, such as {"strong_share": 0.3} or {"max_loss": 0.02, "confidence": 0.9}.
        statement: what is guaranteed, in words; None if nothing is.
        score_quantiles: evenly spaced from 0 to 1, of the scores of the calibration prompts.
    """

    router: str
    threshold: float
    strong_share: float | None = None
    prompts: int = 0
    fingerprint: str | None = None
    strong: str | None = None
    weak: str | None = None
    target: Mapping[str, float] = field(default_factory=dict)
    statement: str | None = None
    score_quantiles: tuple[float, ...] = field(default=(), repr=False)

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as JSON."""
        text = json.dumps({"format_version": FORMAT_VERSION, **asdict(self)}, indent=2)
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Calibration:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not a calibration, or has a newer format.
        """
        try:
            content = read_plain(Path(path), most=MOST_CONFIG_BYTES)
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise ValueError(f"{path} can't be read ({error.strerror}).") from error
        try:
            data: Any = parse_json(content, most_values=MOST_VALUES)
        except ValueError as error:
            raise ValueError(f"{path} is not JSON ({error}): write it with routellm calibrate.") from error
        if not isinstance(data, dict) or "threshold" not in data or not isinstance(data.get("router"), str):
            raise ValueError(f"{path} is not a calibration: write it with routellm calibrate --out {path}.")
        if data.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                f"{path} has format_version {data.get('format_version')!r}; this version reads "
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
            **{name: _text(data, name, path) for name in ("fingerprint", "strong", "weak", "statement")},
            target=_target(data.get("target", {}), path),
            score_quantiles=_quantiles(data.get("score_quantiles", []), path),
        )

    def check_router(self, router: Router) -> None:
        """Reject a router other than the calibrated one.

        Raises:
            ValueError: its fingerprint differs, so the threshold does not apply to its scores.
        """
        if self.fingerprint is not None and router.fingerprint != self.fingerprint:
            raise ValueError(
                f"the calibration was made with a different router: its fingerprint is "
                f"{self.fingerprint[:12]}, that of router {router.name!r} is "
                f"{(router.fingerprint or 'unknown')[:12]}. Its threshold does not fit this router's "
                "scores: calibrate again."
            )

    def check_models(self, strong: str | None, weak: str | None) -> None:
        """Warn if a model is not the one whose answers were labelled; unknown names are ignored."""
        for side, wanted, given in (("strong", self.strong, strong), ("weak", self.weak, weak)):
            if wanted and given and _plain(wanted) != _plain(given):
                warnings.warn(
                    f"the calibration was made for {side} model {wanted!r}, and {side} is {given!r}: its "
                    "quality and cost do not carry over to another model. Calibrate again, with "
                    f"--{side} {given}.",
                    CalibrationWarning,
                    stacklevel=4,
                )


def _plain(model: str) -> str:
    # One model is "openai:gpt-4o" to one client, "openai/gpt-4o" to a proxy and "gpt-4o" to its provider.
    return model.replace(":", "/").rsplit("/", 1)[-1].lower()


def _text(data: Mapping[str, Any], name: str, path: str | PathLike[str]) -> str | None:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} in {path} is {value!r}, expected text.")
    return value


def _target(value: Any, path: str | PathLike[str]) -> dict[str, float]:
    if not isinstance(value, dict) or not all(isinstance(number, int | float) for number in value.values()):
        raise ValueError(f"target in {path} is {value!r}, expected names and numbers.")
    return dict(value)


def _quantiles(value: Any, path: str | PathLike[str]) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise ValueError(f"score_quantiles in {path} is {value!r}, expected a list of numbers.")
    quantiles = tuple(check_fraction(number, f"a number of score_quantiles in {path}") for number in value)
    if list(quantiles) != sorted(quantiles):
        raise ValueError(f"score_quantiles in {path} is not in ascending order.")
    return quantiles
