"""Train a BERT classifier: every weight of an encoder, on who won, with transformers' Trainer (section 4).

The paper's settings are the defaults; early stopping on held-out prompts is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.checkpoint import read_checkpoint
from routellm_core.embedders.text import clipped
from routellm_core.routers.bert import KIND, LABELS, BertRouter
from routellm_core.training.fine_tuning.outcomes import Outcome
from routellm_core.training.fine_tuning.settings import (
    FineTuned,
    FineTuningRows,
    FineTuningSettings,
    Say,
    check_extra,
)
from routellm_core.training.held_out import held_out
from routellm_core.training.score_sample import with_sample_quantiles
from routellm_core.training.training_folder import TrainingFolder
from routellm_core.transformer.network import PREFIX, Network


def train_bert(
    base: str,
    outcomes: Sequence[Outcome],
    settings: FineTuningSettings,
    *,
    out: str | Path,
    resume: bool = False,
    say: Say = lambda line: None,
) -> tuple[BertRouter, FineTuned]:
    """Fine-tune an encoder; the caller saves the router and then calls `remove_unfinished`.

    Args:
        base: an encoder: a transformers folder, a model's name on the Hub, or a saved router of this kind.
        outcomes: prompts with who won.
        settings: see `FineTuningSettings`.
        out: the router's folder, which holds the checkpoints until then.
        resume: go on from the last checkpoint in `out`.
        say: is told the progress.

    Returns:
        The router with score quantiles, and what the training came to.

    Raises:
        ImportError: names the extra.
        CheckpointError: `base` can't be loaded.
        DataError: too few prompts, or the loss was never finite.
        ValueError: max_length is more than the encoder has positions for, `resume` does not fit, or
            this machine lacks what the settings ask for.
    """
    check_extra()
    from routellm_core.training.fine_tuning.hardware import Hardware
    from routellm_core.training.fine_tuning.random_state import own_random_state
    from routellm_core.training.fine_tuning.trainer import fine_tune

    prompts = [outcome.prompt for outcome in outcomes]
    chosen = held_out(prompts, settings.held_out_share, settings.seed)
    hardware = Hardware.chosen(settings)
    with own_random_state(settings.seed):
        network = encoder(base, settings.max_length)
        ids = network.tokenizer(
            [clipped(prompt) for prompt in prompts], truncation=True, max_length=settings.max_length
        )["input_ids"]
        train, test = FineTuningRows.split(ids, [outcome.label for outcome in outcomes], chosen)
        say(f"{len(train)} rows to train on, {len(test)} of other prompts held out")
        identity = {
            **asdict(settings),
            "kind": KIND,
            "base": Path(base).name,
            "data": [train.digest(), test.digest()],
        }
        folder = TrainingFolder(out, identity)
        checkpoint = folder.begin(resume=resume)
        result = fine_tune(
            network.model,
            _forward,
            train,
            test,
            settings,
            hardware=hardware,
            pad=int(network.tokenizer.pad_token_id or 0),
            folder=folder.path,
            checkpoint=checkpoint,
            say=say,
        )
    router = BertRouter(network, max_length=settings.max_length, device=settings.device)
    return with_sample_quantiles(router, prompts, chosen), result


def encoder(base: str, max_length: int) -> Network:
    """Read the network to start from; a head that it lacks is made, from torch's random state.

    Raises:
        CheckpointError: it can't be loaded.
        ValueError: it has fewer positions than `max_length`.
    """
    if (Path(base) / f"{PREFIX}config.json").is_file():
        network = Network.from_checkpoint(read_checkpoint(base), "sequence_classification")
    else:
        names = dict(enumerate(LABELS))
        network = Network.from_folder(
            base,
            "sequence_classification",
            dtype="float32",
            complete=False,
            id2label=names,
            label2id={name: number for number, name in names.items()},
        )
    # RoBERTa has two positions more than it can use; its tokenizer knows.
    limits = network.model.config.max_position_embeddings, network.tokenizer.model_max_length
    if max_length > min(limits):
        raise ValueError(
            f"max_length is {max_length}, but {Path(base).name} reads {min(limits)} tokens: give fewer."
        )
    return network


def _forward(model: Any, ids: Any, mask: Any, labels: Any) -> tuple[Any, Any]:
    import torch

    logits = model(input_ids=ids, attention_mask=mask).logits.float()  # (b, 3)
    return torch.nn.functional.cross_entropy(logits, labels), logits
