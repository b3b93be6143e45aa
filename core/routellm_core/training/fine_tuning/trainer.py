"""PreferenceTrainer: transformers' Trainer made quiet, exact in resuming, and without pickles.

Needs the extra `train`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from routellm_core.training.fine_tuning.hardware import Hardware
from routellm_core.training.fine_tuning.settings import (
    FineTuned,
    FineTuningRows,
    FineTuningSettings,
    Say,
    check_finite,
    history_of,
)
from routellm_core.training.fine_tuning.training_state import (
    load_optimizer_state,
    load_random_state,
    save_optimizer_state,
    save_random_state,
)
from routellm_core.training.training_folder import COMPLETE
from routellm_core.transformer.batches import token_batches
from routellm_core.transformer.network import quiet_transformers

Forward = Callable[[Any, torch.Tensor, torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""(model, ids (b, L), mask (b, L), labels (b,)) -> (mean loss, logits (b, k) whose largest is the answer)."""

_WEIGHTS = "weights.safetensors"
_OPTIMIZER = "optimizer.safetensors"
_RANDOM = "random_state.safetensors"


class PreferenceTrainer(Trainer):
    """Overrides how state is written and the loss computed; the loop is the Trainer's own."""

    def __init__(self, forward: Forward, **settings: Any) -> None:
        super().__init__(**settings)
        self.remove_callback(PrinterCallback)
        self._preference_forward = forward

    def compute_loss(
        self,
        model: Any,
        inputs: Any,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the mean loss of a batch, with the logits if requested."""
        loss, logits = self._preference_forward(
            model, inputs["input_ids"], inputs["attention_mask"], inputs["labels"]
        )
        return (loss, {"logits": logits}) if return_outputs else loss

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        # Under the model's own names, and only what is trained. The Trainer writes a BERT under the names of
        # old checkpoints, which it then does not know when it loads: resumed and best weights would lack
        # their layer norms (transformers 5.3). It also pickles its arguments.
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        trained = {name: p.detach().contiguous() for name, p in self._trained_parameters()}
        save_file(trained, folder / _WEIGHTS)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        stored = load_file(Path(resume_from_checkpoint) / _WEIGHTS)
        with torch.no_grad():
            for name, parameter in self._trained_parameters():
                parameter.copy_(stored.pop(name))
        if stored:
            raise ValueError(
                f"{resume_from_checkpoint} holds weights that the model lacks: {sorted(stored)}."
            )

    def _load_best_model(self) -> None:
        if self.state.best_model_checkpoint is not None:
            self._load_from_checkpoint(self.state.best_model_checkpoint)

    def _trained_parameters(self) -> Iterator[tuple[str, Any]]:
        if self.model is not None:
            yield from ((n, p) for n, p in self.model.named_parameters() if p.requires_grad)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        save_optimizer_state(Path(output_dir) / _OPTIMIZER, self.optimizer, self.lr_scheduler)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_optimizer_state(Path(checkpoint) / _OPTIMIZER, self.optimizer, self.lr_scheduler)

    def _save_rng_state(self, output_dir: str) -> None:
        save_random_state(Path(output_dir) / _RANDOM)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            load_random_state(Path(checkpoint) / _RANDOM)


class _Progress(TrainerCallback):
    """Reports progress, and marks each complete checkpoint."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        place = f"step {state.global_step} of {state.max_steps}"
        if "loss" in logs:
            self._say(f"{place}: training loss {logs['loss']:.4f}")
        if "eval_loss" in logs:
            accuracy = logs["eval_accuracy"]
            self._say(f"{place}: held-out loss {logs['eval_loss']:.4f}, accuracy {accuracy:.3f}")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def fine_tune(
    model: Any,
    forward: Forward,
    train: FineTuningRows,
    held_out: FineTuningRows,
    settings: FineTuningSettings,
    *,
    hardware: Hardware,
    pad: int,
    folder: Path,
    checkpoint: Path | None,
    say: Say,
) -> FineTuned:
    """Train `model` in place until the held-out loss stops falling; it ends with the best weights.

    Runs inside `own_random_state`, which the caller opens before the model's head is made.

    Args:
        model: a transformers or peft model.
        forward: the loss.
        train: the rows to learn from.
        held_out: the rows for early stopping.
        settings: everything else.
        hardware: the device and precision.
        pad: the id of the padding token.
        folder: where checkpoints are written.
        checkpoint: the one to resume from.
        say: receives progress lines.

    Raises:
        DataError: the loss was never finite.
    """
    interval = min(settings.interval, settings.max_steps)
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=settings.max_steps,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=2 * settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        seed=settings.seed,
        eval_strategy="steps",
        save_strategy="steps",
        eval_steps=interval,
        save_steps=interval,
        logging_steps=interval,
        save_total_limit=2,
        restore_callback_states_from_checkpoint=True,  # patience continues where it was
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        **hardware.arguments(),
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        log_level="error",
    )
    # With several GPUs the Trainer would use all of them, each for a whole batch.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    trainer = PreferenceTrainer(
        forward,
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=held_out,
        data_collator=lambda rows: _collated(rows, pad),
        compute_metrics=_accuracy,
        callbacks=[EarlyStoppingCallback(settings.patience), _Progress(say)],
    )
    started = time.monotonic()
    with quiet_transformers():
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    history = history_of(trainer.state.log_history)
    check_finite(history)
    best = min(history, key=lambda row: (not np.isfinite(row["held_out_loss"]), row["held_out_loss"]))
    return FineTuned(
        train_rows=len(train),
        held_out_rows=len(held_out),
        steps=int(trainer.state.global_step),
        best_step=int(best["step"]),
        train_loss=float(best["train_loss"]),
        held_out_loss=float(best["held_out_loss"]),
        held_out_accuracy=float(best["held_out_accuracy"]),
        constant_loss=train.constant_loss(held_out),
        seconds=round(time.monotonic() - started, 1),
        resumed_from=int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
        history=history,
    )


def _collated(rows: Sequence[dict[str, Any]], pad: int) -> dict[str, torch.Tensor]:
    (batch,) = token_batches([row["input_ids"] for row in rows], len(rows), pad)
    labels = [rows[position]["labels"] for position in batch.positions]
    return {
        "input_ids": torch.from_numpy(batch.ids),
        "attention_mask": torch.from_numpy(batch.mask),
        "labels": torch.tensor(labels),
    }


def _accuracy(predicted: Any) -> dict[str, float]:
    return {"accuracy": float((predicted.predictions.argmax(axis=-1) == predicted.label_ids).mean())}
