"""Quality lines: what `routellm calibrate` finds and reports for a quality target."""

from __future__ import annotations

from argparse import Namespace

from routellm_core.calibration.certificate import certifiable_share, certify
from routellm_core.calibration.target import Kind, QualityTarget
from routellm_core.commands.calibration_sample import CalibrationSample, Found

DEFAULT_LOSS = 0.02
"""Points below strong alone, on a scale of length 1."""

SIZES = (100, 400, 1600)
"""Label counts for which the certifiable share is estimated."""

KINDS: tuple[Kind, ...] = ("max_loss", "quality", "gap")


def quality_target(options: Namespace) -> QualityTarget:
    """Return the target that the options name, or the default one.

    Raises:
        ValueError: its value is out of range.
    """
    for kind in KINDS:
        value = getattr(options, kind)
        if value is not None:
            return QualityTarget(kind, value)
    return QualityTarget("max_loss", DEFAULT_LOSS * (options.scale[1] - options.scale[0]))


def certified(options: Namespace, sample: CalibrationSample) -> Found:
    """Return the cheapest threshold that is certified to keep the target, with its guarantee.

    Raises:
        ValueError: no labels are given, or they can't certify anything; the message says what is needed.
    """
    if sample.benchmark is None:
        raise ValueError(
            "--prompts alone say nothing about quality: give --strong-share or --budget, or --labels with "
            "both models' scores."
        )
    target = quality_target(options)
    arrays = (sample.scores, sample.benchmark.weak, sample.benchmark.strong)
    confidence, scale = options.confidence, tuple(options.scale)
    found = certify(*arrays, target, confidence=confidence, scale=scale)
    weak, strong = sample.weak or "weak", sample.strong or "strong"
    statement = found.statement(weak, strong)
    lines = [
        f"mean quality on them: {found.routed_quality:.4f} routed, {found.strong_quality:.4f} {strong} "
        f"alone, {found.weak_quality:.4f} {weak} alone",
        statement,
    ]
    if found.weak_is_enough:
        lines.append(f"{weak} alone is enough for this target: you need no router.")
    elif not found.threshold:
        lines.append("Nothing could be certified, so everything goes to strong: label more, or ask for less.")
    estimates = [
        certifiable_share(*arrays, target, size, confidence=confidence, scale=scale) for size in SIZES
    ]
    lines.append(
        "estimated by resampling, more such labels would certify: "
        + ", ".join(
            f"{share:.0%} to strong with {size:,}" for size, share in zip(SIZES, estimates, strict=True)
        )
    )
    return Found(found.threshold, {target.kind: target.value, "confidence": confidence}, lines, statement)
