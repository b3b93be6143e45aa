"""FineTuningSettings and other parts shared by the training of BERT and causal-LLM classifiers."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.validation import check_count, check_positive

Say = Callable[[str], None]

PRECISIONS = ("auto", "float32", "bfloat16")


def check_extra() -> None:
    """Check that the extra is installed, before anything is read or loaded.

    Raises:
        ImportError: names the extra.
    """
    try:
        for name in ("accelerate", "peft", "torch", "transformers"):
            importlib.import_module(name)
    except ImportError as error:
        raise ImportError("training needs an extra: pip install 'routellm-plugins[train]'") from error


@dataclass(frozen=True)
class FineTuningSettings:
    """How to fine-tune; the defaults are the paper's for BERT (its section 4 and appendix).

    Attributes:
        max_steps: optimizer steps at most.
        batch_size: rows in a step.
        learning_rate: peak learning rate; it falls linearly to 0.
        weight_decay: of AdamW.
        max_length: tokens of a prompt at most.
        interval: steps between evaluations on the held-out battles, each of which writes a checkpoint.
        patience: evaluations without a lower held-out loss before training stops.
        held_out_share: of the distinct prompts, which training never sees.
        seed: of the head's initialization, the order of rows, dropout and the choice of held-out prompts.
        device: "cpu" or "cuda"; None is the GPU if there is one, and the first that the process sees
            (CUDA_VISIBLE_DEVICES) if there are several: with more, a step would have more rows.
        precision: of products: "float32", "bfloat16", or "auto", which is bfloat16 on a GPU that supports it.
    """

    max_steps: int = 2000
    batch_size: int = 16
    learning_rate: float = 1e-5
    weight_decay: float = 0.01
    max_length: int = 512
    interval: int = 100
    patience: int = 5
    held_out_share: float = 0.1
    seed: int = 0
    device: str | None = None
    precision: str = "auto"

    def __post_init__(self) -> None:
        for name in ("max_steps", "batch_size", "max_length", "interval", "patience"):
            check_count(getattr(self, name), name)
        check_positive(self.learning_rate, "learning_rate")
        if self.device not in (None, "cpu", "cuda"):
            raise ValueError(
                f"device is {self.device!r}, expected 'cpu' or 'cuda'; choose a GPU with the environment "
                "variable CUDA_VISIBLE_DEVICES."
            )
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}, expected one of {list(PRECISIONS)}.")


@dataclass(frozen=True)
class FineTuningRows:
    """n rows, as the network reads them.

    Attributes:
        ids: n lists of token ids.
        labels: n labels: a class, or the id of a label token.
    """

    ids: Sequence[Sequence[int]]
    labels: Sequence[int]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, position: int) -> dict[str, Any]:
        """Return one row in the form that transformers' Trainer takes."""
        return {"input_ids": self.ids[position], "labels": self.labels[position]}

    @classmethod
    def split(
        cls, ids: Sequence[Sequence[int]], labels: Sequence[int], held_out: npt.NDArray[np.bool_]
    ) -> tuple[FineTuningRows, FineTuningRows]:
        """Return the rows to train on and those held out, by a mask of shape (n,)."""
        sides = ([int(n) for n in np.flatnonzero(side)] for side in (~held_out, held_out))
        train, test = (cls([ids[n] for n in side], [labels[n] for n in side]) for side in sides)
        return train, test

    def digest(self) -> str:
        """Return a SHA-256 that identifies the rows."""
        text = json.dumps([list(map(list, self.ids)), list(self.labels)])
        return hashlib.sha256(text.encode()).hexdigest()

    def constant_loss(self, other: FineTuningRows) -> float:
        """Return the mean loss on `other` of always predicting these rows' label frequencies, in nats.

        A classifier that reads no prompt reaches this; one that does must be below it.
        """
        names, counts = np.unique(np.array(self.labels), return_counts=True)
        # One pseudo-row per label, so that a label that occurs only in `other` has a finite loss.
        kinds = len(set(names.tolist()) | set(other.labels))
        shares = {int(n): (c + 1) / (len(self) + kinds) for n, c in zip(names, counts, strict=True)}
        rare = 1 / (len(self) + kinds)
        return float(-np.mean([np.log(shares.get(label, rare)) for label in other.labels]))


@dataclass(frozen=True)
class FineTuned:
    """The result of a training; its losses are mean cross-entropies in nats.

    Attributes:
        train_rows: number of rows trained on.
        held_out_rows: number of rows held out.
        steps: optimizer steps made.
        best_step: the one whose weights were kept, that of the lowest held-out loss.
        train_loss: over the interval that ended there; dropout was on.
        held_out_loss: at that step.
        held_out_accuracy: share of held-out rows whose likeliest label is right, at that step.
        constant_loss: see `FineTuningRows.constant_loss`.
        seconds: of this process; time before a crash is not included.
        resumed_from: the step that this process resumed from, 0 for none.
        history: a row per evaluation: step, train_loss, held_out_loss, held_out_accuracy.
    """

    train_rows: int
    held_out_rows: int
    steps: int
    best_step: int
    train_loss: float
    held_out_loss: float
    held_out_accuracy: float
    constant_loss: float
    seconds: float
    resumed_from: int
    history: tuple[Mapping[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"history": [dict(row) for row in self.history]}


def history_of(log: Sequence[Mapping[str, Any]]) -> tuple[dict[str, float], ...]:
    """Join the Trainer's log of training and evaluation into one row per evaluation."""
    losses = {entry["step"]: entry["loss"] for entry in log if "loss" in entry}
    return tuple(
        {
            "step": entry["step"],
            "train_loss": losses.get(entry["step"], float("nan")),
            "held_out_loss": entry["eval_loss"],
            "held_out_accuracy": entry["eval_accuracy"],
        }
        for entry in log
        if "eval_loss" in entry
    )


def check_finite(history: Sequence[Mapping[str, float]]) -> None:
    """Reject a training that diverged.

    Raises:
        DataError: no evaluation on the held-out battles had a finite loss.
    """
    if not any(np.isfinite(row["held_out_loss"]) for row in history):
        raise DataError("the held-out loss was never finite: give a lower --learning-rate.")
