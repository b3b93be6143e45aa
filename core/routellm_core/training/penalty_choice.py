"""PenaltyChoice: how strongly matrix factorization is held back, by what held-out prompts bear out.

Its fit is a minimum that is reached in seconds, so that early stopping would only be another, vaguer penalty:
the penalty itself is chosen by the held-out loss, and then all data is fitted with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.training.held_out import held_out
from routellm_core.training.matrix_factorization import (
    Comparisons,
    MatrixFactorizationSettings,
    fit_matrix_factorization,
)
from routellm_core.training.own_models import OwnData

PENALTIES = (10.0, 30.0, 100.0, 300.0, 1000.0)
"""Tried in this order; the default is in the middle."""


@dataclass(frozen=True)
class PenaltyChoice:
    """What was chosen, and the held-out losses (weighted mean cross-entropies in nats) that say so.

    Attributes:
        penalty: the projection penalty of the lowest held-out loss.
        train_loss: of that fit, without the penalties.
        held_out_loss: of that fit, on prompts it never saw.
        held_out_accuracy: share of held-out comparisons without a tie whose winner it foresaw.
        constant_loss: the held-out loss of the models' ratings alone, which read no prompt. They are rated on
            all rows, from which both losses profit alike.
        held_out: comparisons held out.
        history: a row per penalty tried: penalty, train_loss, held_out_loss.
    """

    penalty: float
    train_loss: float
    held_out_loss: float
    held_out_accuracy: float
    constant_loss: float
    held_out: int
    history: tuple[dict[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def choose_penalty(
    data: OwnData,
    embeddings: npt.NDArray[np.float64],
    settings: MatrixFactorizationSettings,
    *,
    share: float,
    penalties: Sequence[float] = PENALTIES,
    say: Callable[[str], None] = lambda line: None,
) -> PenaltyChoice:
    """Fit with each penalty on all prompts but the held-out ones; take the lowest held-out loss.

    Args:
        data: all comparisons.
        embeddings: shape (n, D), of the data's prompts.
        settings: everything but the penalty; its seed also chooses the held-out prompts.
        share: of the prompts, to hold out.
        penalties: to try.
        say: is told the progress.

    Raises:
        DataError: fewer than two distinct prompts.
    """
    out = held_out(data.prompts, share, settings.seed)[data.comparisons.row]  # (c,)
    train, test = data.comparisons.where(~out), data.comparisons.where(out)
    history, fits = [], []
    for penalty in penalties:
        changed = replace(settings, projection_penalty=penalty)
        weights = fit_matrix_factorization(embeddings, train, data.strengths, changed)
        losses = [_loss(weights.logits(embeddings, part), part) for part in (train, test)]
        fits.append(weights)
        history.append({"penalty": penalty, "train_loss": losses[0], "held_out_loss": losses[1]})
        say(f"penalty {penalty:g}: training loss {losses[0]:.4f}, held-out loss {losses[1]:.4f}")
    best = int(np.argmin([row["held_out_loss"] for row in history]))
    ratings = data.strengths[test.first] - data.strengths[test.second]  # (h,)
    return PenaltyChoice(
        **history[best],
        held_out_accuracy=_accuracy(fits[best].logits(embeddings, test), test),
        constant_loss=_loss(ratings, test),
        held_out=len(test),
        history=tuple(history),
    )


def _loss(logits: npt.NDArray[np.float64], part: Comparisons) -> float:
    losses = np.logaddexp(0.0, logits) - part.target * logits
    return float((part.weight * losses).sum() / part.weight.sum())


def _accuracy(logits: npt.NDArray[np.float64], part: Comparisons) -> float:
    decided = part.target != 0.5
    if not decided.any():
        return float("nan")
    return float(((logits > 0.0) == (part.target > 0.5))[decided].mean())
