"""PenaltyChoice: the regularization strength of matrix factorization, chosen on held-out prompts.

Both forms of regularization are tried together: each penalty's fit ends early once its held-out loss stops
falling, and the penalty and number of steps of the lowest loss are then used for all data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.logits import cross_entropy
from routellm_core.routing.validation import check_count
from routellm_core.training.factorization.fit import (
    Comparisons,
    MatrixFactorizationSettings,
    MatrixFactorizationWeights,
    fit_matrix_factorization,
)
from routellm_core.training.factorization.fit_log import FitLog
from routellm_core.training.factorization.held_out_looks import HeldOutLooks, Look
from routellm_core.training.factorization.own_data import OwnData

PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Tried in this order."""


@dataclass(frozen=True)
class PenaltySearch:
    """How to choose.

    Attributes:
        held_out_share: of the distinct prompts, which no fit learns from; above 0 and below 1.
        interval: steps between evaluations of the held-out loss.
        patience: evaluations without a lower one before a fit ends.
        penalties: to try.
    """

    held_out_share: float = 0.1
    interval: int = 20
    patience: int = 3
    penalties: Sequence[float] = PENALTIES

    def __post_init__(self) -> None:
        for name in ("interval", "patience"):
            check_count(getattr(self, name), name)


@dataclass(frozen=True)
class PenaltyChoice:
    """The choice, and the held-out losses (weighted mean cross-entropies in nats) behind it.

    Attributes:
        penalty: the projection penalty of the lowest held-out loss.
        iterations: steps of its fit at that loss.
        train_loss: at that step, without the penalties.
        held_out_loss: at that step, on prompts that no fit saw.
        held_out_accuracy: share of held-out comparisons, ties aside, whose winner it predicted.
        constant_loss: the held-out loss of the models' ratings alone, which read no prompt. They are rated on
            all rows, which favors both losses equally.
        held_out: comparisons held out.
        resumed_from: number of fits made by an earlier process.
        history: a row per penalty tried: penalty, and the best evaluation of its fit.
    """

    penalty: float
    iterations: int
    train_loss: float
    held_out_loss: float
    held_out_accuracy: float
    constant_loss: float
    held_out: int
    resumed_from: int
    history: tuple[dict[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def choose_penalty(
    data: OwnData,
    embeddings: npt.NDArray[np.float64],
    settings: MatrixFactorizationSettings,
    search: PenaltySearch,
    held_out: npt.NDArray[np.bool_],
    *,
    log: FitLog | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> PenaltyChoice:
    """Fit with each penalty on all prompts but the held-out ones; take the lowest held-out loss.

    Args:
        data: all comparisons.
        embeddings: shape (n, D), of the data's prompts.
        settings: everything but the penalty.
        search: what to try.
        held_out: shape (n,), the prompts that no fit learns from.
        log: holds earlier fits of the same data and settings, and records the new ones.
        say: receives progress lines.
    """
    log = log or FitLog()
    out = held_out[data.comparisons.row]  # (c,)
    train, test = data.comparisons.where(~out), data.comparisons.where(out)

    def look(iterations: int, weights: MatrixFactorizationWeights) -> Look:
        logits = weights.logits(embeddings, test)
        train_loss = _loss(weights.logits(embeddings, train), train)
        return Look(iterations, train_loss, _loss(logits, test), _accuracy(logits, test))

    for penalty in search.penalties:
        if log.get(f"{penalty:g}") is None:
            looks = HeldOutLooks(look, interval=search.interval, patience=search.patience)
            changed = replace(settings, projection_penalty=penalty)
            found = looks.best(
                fit_matrix_factorization(embeddings, train, data.strengths, changed, watch=looks)
            )
            log.add(f"{penalty:g}", {"penalty": penalty, **asdict(found)})
            say(
                f"penalty {penalty:g}: after {found.iterations} steps "
                f"training loss {found.train_loss:.4f}, held-out loss {found.held_out_loss:.4f}"
            )
    history = [dict(log.get(f"{penalty:g}") or {}) for penalty in search.penalties]
    best = min(history, key=lambda row: row["held_out_loss"])
    ratings = data.strengths[test.first] - data.strengths[test.second]  # (h,)
    return PenaltyChoice(
        **best,
        constant_loss=_loss(ratings, test),
        held_out=len(test),
        resumed_from=log.found,
        history=tuple(history),
    )


def _loss(logits: npt.NDArray[np.float64], part: Comparisons) -> float:
    loss, _ = cross_entropy(logits, part.target, part.weight)
    return loss / float(part.weight.sum())


def _accuracy(logits: npt.NDArray[np.float64], part: Comparisons) -> float:
    decided = part.target != 0.5
    if not decided.any():
        return float("nan")
    return float(((logits > 0.0) == (part.target > 0.5))[decided].mean())
