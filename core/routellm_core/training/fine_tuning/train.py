"""Fine-tune a classifier with transformers' Trainer (paper, section 4), for every kind of router.

The paper's settings are the defaults; early stopping on held-out prompts is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from routellm_core.training.fine_tuning.rows import LabelledPrompt
from routellm_core.training.fine_tuning.settings import FineTuned, FineTuningRows, Say, check_extra
from routellm_core.training.fine_tuning.task import FineTuningTask, Settings, Trained
from routellm_core.training.held_out import held_out
from routellm_core.training.score_sample import with_sample_quantiles
from routellm_core.training.training_folder import TrainingFolder


def fine_tuned_router(
    task: type[FineTuningTask[Settings, Trained]],
    base: str,
    rows: Sequence[LabelledPrompt],
    settings: Settings,
    *,
    out: str | Path,
    resume: bool = False,
    say: Say = lambda line: None,
) -> tuple[Trained, FineTuned]:
    """Fine-tune a network; the caller saves the router and then calls `remove_unfinished`.

    Args:
        task: the kind of router.
        base: a transformers folder, a model's name on the Hub, or a saved router of this kind.
        rows: prompts with their labels.
        settings: see the task.
        out: the router's folder, which holds the checkpoints until then.
        resume: continue from the last checkpoint in `out`.
        say: receives progress lines.

    Returns:
        The router with score quantiles, and the training's result.

    Raises:
        ImportError: names the extra.
        CheckpointError: `base` can't be loaded.
        DataError: too few prompts, or the loss was never finite.
        ValueError: `base` has too few positions for the settings, `resume` does not fit, or this machine
            lacks what the settings ask for.
    """
    check_extra()
    from routellm_core.training.fine_tuning.hardware import Hardware
    from routellm_core.training.fine_tuning.trainer import fine_tune
    from routellm_core.training.fine_tuning.training_state import own_random_state

    prompts = [row.prompt for row in rows]
    chosen = held_out(prompts, settings.held_out_share, settings.seed)
    hardware = Hardware.chosen(settings)
    with own_random_state(settings.seed):
        started = task(base, settings)
        train, test = FineTuningRows.split(started.ids(prompts), [row.label for row in rows], chosen)
        say(f"{len(train)} rows to train on, {len(test)} of other prompts held out")
        identity = {
            **asdict(settings),
            "kind": task.kind,
            "base": Path(base).name,
            "data": [train.digest(), test.digest()],
        }
        folder = TrainingFolder(out, identity)
        checkpoint = folder.begin(resume=resume)
        started.begin()
        result = fine_tune(
            started.model,
            started.forward,
            train,
            test,
            settings,
            hardware=hardware,
            pad=int(started.network.tokenizer.pad_token_id or 0),
            folder=folder.path,
            checkpoint=checkpoint,
            say=say,
        )
        router = started.router()
    return with_sample_quantiles(router, prompts, chosen), result
