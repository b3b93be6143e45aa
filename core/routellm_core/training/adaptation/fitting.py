"""Fitting: labelled prompts scaled by themselves, and fits to all of them or to some."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.prompt_kind import PromptKind
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.logits import Floats
from routellm_core.routers.adapted import Qualities
from routellm_core.training.adaptation.own_labels import OwnLabels
from routellm_core.training.adaptation.prompt_vectors import PromptVectors, Scaling
from routellm_core.training.adaptation.two_qualities import (
    Penalties,
    TwoQualities,
    fit_two_qualities,
    gains,
)


class Fitting:
    """What a fit needs, computed once for all fits."""

    def __init__(
        self,
        vectors: PromptVectors,
        labels: OwnLabels,
        supported: frozenset[PromptKind],
        penalties: Penalties,
    ) -> None:
        """Scale the prompts.

        Args:
            vectors: of the n labelled prompts.
            labels: theirs.
            supported: kinds of prompt for which the base router is a prior.
            penalties: how strongly a fit is held back.
        """
        self.vectors = vectors
        self.labels = labels
        self.penalties = penalties
        self.scaling = Scaling.of(vectors, supported)
        self._z = self.scaling.apply(vectors)  # (n, D)
        self._prior = self.scaling.prior(vectors)  # (n,)
        self._qualities = np.stack([labels.strong, labels.weak], axis=1)  # (n, 2)

    def left_out(self, fit: TwoQualities) -> Floats:
        """Return the gain expected of each labelled prompt by a fit without its label, shape (n,)."""
        if fit.left_out is None:
            raise ValueError("the fit was made without held-out labels.")
        return gains(fit.left_out)

    def fit(self) -> TwoQualities:
        """Fit to all labels."""
        return fit_two_qualities(self._z, self._prior, self._qualities, self.labels.votes, self.penalties)

    def logits(self, fit: TwoQualities, vectors: PromptVectors) -> Floats:
        """Return a fit's logits of any prompts, shape (n, 2)."""
        return fit.logits(self.scaling.apply(vectors), self.scaling.prior(vectors))

    def order(self, rows: npt.NDArray[np.intp]) -> Floats:
        """Fit to some labels and return the gains expected on all n prompts.

        Centres and spreads stay those of all labelled prompts: they hold no label.
        """
        fit = fit_two_qualities(
            self._z[rows],
            self._prior[rows],
            self._qualities[rows],
            self.labels.votes[rows],
            self.penalties,
            leave_out=False,
        )
        return gains(fit.logits(self._z, self._prior))


def folded_qualities(fit: TwoQualities, scaling: Scaling, static: StaticEmbedder) -> Qualities:
    """Fold a fit's weights into what each token and each feature adds.

    Args:
        fit: its weights are of scaled numbers.
        scaling: what scaled them.
        static: the token table.
    """
    width = len(scaling.token_centre)
    directions = fit.weights[:width] / scaling.token_length  # (d, 2)
    tokens = static.projections(np.ascontiguousarray(directions.T)).real.T  # (v, 2)
    return Qualities(
        fit.intercepts,
        tokens.astype(np.float32),
        scaling.token_centre @ directions,
        scaling.shape,
        fit.weights[width:] * scaling.varies[:, None] / scaling.shape_length,
    )
