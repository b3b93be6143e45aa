"""Fine-tuned: what `routellm train bert` and `causal_llm` do once their training has ended."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from routellm_core.router import Router
from routellm_core.training.fine_tuning.model_classes import ModelClasses
from routellm_core.training.fine_tuning.settings import FineTuned, FineTuningSettings
from routellm_core.training.training_folder import remove_unfinished
from routellm_core.training.training_report import TrainingReport


def write_fine_tuned(
    kind: str,
    router: Router,
    result: FineTuned,
    options: Namespace,
    *,
    classes: ModelClasses,
    counts: Mapping[str, Any],
    settings: FineTuningSettings,
) -> str:
    """Save the router with its report, remove the training's checkpoints, and return what there is to say."""
    router.save(options.out)
    TrainingReport(
        kind=kind,
        strong=classes.strong,
        weak=classes.weak,
        base=Path(options.base).name,
        data=counts,
        settings=asdict(settings),
        metrics=result.to_dict(),
    ).write(options.out)
    remove_unfinished(options.out)
    return (
        f"wrote {options.out}: held-out loss {result.held_out_loss:.4f} at step {result.best_step} of "
        f"{result.steps}, {result.constant_loss:.4f} without reading prompts"
    )
