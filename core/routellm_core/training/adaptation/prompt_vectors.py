"""PromptVectors: what an adapted router reads of prompts, as arrays, and how labelled ones are scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.prompt_kind import PromptKind, kind_of
from routellm_core.embedders.shape import shape_of
from routellm_core.embedders.shape_features import ShapeFeatures
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.logits import Floats
from routellm_core.router import Router
from routellm_core.routers.adapted import PRIOR_CLIP, logit_of

TOKEN_WEIGHT = 1.5
"""Length of the tokens' block beside the shape's."""

MOSTLY = 0.5
"""Share of supported prompts from which on all kinds among the labelled prompts count as supported."""


@dataclass(frozen=True, eq=False)
class PromptVectors:
    """n prompts as a router's parts read them.

    Attributes:
        tokens: shape (n, d), means of the tokens' vectors.
        shape: shape (n, k), features of the shape, not standardised.
        scores: shape (n,), the base router's scores.
        kinds: n kinds of prompt.
        lengths: shape (n,), characters.
    """

    tokens: Floats
    shape: Floats
    scores: Floats
    kinds: Sequence[PromptKind]
    lengths: Floats

    @classmethod
    def of(cls, prompts: Sequence[str], static: StaticEmbedder, base: Router) -> PromptVectors:
        """Read prompts; the base router scores them."""
        shapes = [shape_of(text) for text in prompts]
        return cls(
            static.embed(prompts),
            np.array([shape.features for shape in shapes], dtype=np.float64),
            base.score(prompts),
            [kind_of(shape) for shape in shapes],
            np.array([len(text) for text in prompts], dtype=np.float64),
        )

    def rows(self, chosen: npt.NDArray[np.intp]) -> PromptVectors:
        """Return some of the prompts."""
        return PromptVectors(
            self.tokens[chosen],
            self.shape[chosen],
            self.scores[chosen],
            [self.kinds[row] for row in chosen],
            self.lengths[chosen],
        )


@dataclass(frozen=True, eq=False)
class Scaling:
    """Centres and spreads by the labelled prompts, so that neither block of numbers outweighs the other.

    Attributes:
        token_centre: shape (d,).
        token_length: root mean square of the centred token means' lengths, over `TOKEN_WEIGHT`.
        shape: standardises the features.
        shape_length: root mean square of the standardised features' lengths.
        varies: shape (k,), False for a feature that is the same in all labelled prompts.
        prior_centres: supported kind -> mean logit of the base router's scores.
        prior_spread: of the logits inside their kinds.
    """

    token_centre: Floats
    token_length: float
    shape: ShapeFeatures
    shape_length: float
    varies: npt.NDArray[np.bool_]
    prior_centres: dict[PromptKind, float]
    prior_spread: float

    @classmethod
    def of(cls, vectors: PromptVectors, supported: frozenset[PromptKind]) -> Scaling:
        """Take centres and spreads from labelled prompts.

        Args:
            vectors: of the labelled prompts.
            supported: the kinds of prompt that the base router was made for.
        """
        centre = vectors.tokens.mean(axis=0)
        spread = vectors.shape.std(axis=0)
        varies = spread > 1e-9
        shape = ShapeFeatures(vectors.shape.mean(axis=0), np.where(varies, spread, 1.0))
        logits = np.array([logit_of(score) for score in vectors.scores.tolist()])
        kinds = np.array(vectors.kinds, dtype=object)
        believed = _believed(vectors.kinds, supported)
        centres = {kind: float(logits[kinds == kind].mean()) for kind in sorted(believed)}
        inside = [logits[kinds == kind] - middle for kind, middle in centres.items()]
        prior_spread = float(np.concatenate(inside).std()) if inside else 0.0
        return cls(
            centre,
            _length(vectors.tokens - centre) / TOKEN_WEIGHT,
            shape,
            _length(shape.standardised(vectors.shape) * varies),
            varies,
            centres if prior_spread > 1e-9 else {},
            prior_spread if prior_spread > 1e-9 else 1.0,
        )

    def apply(self, vectors: PromptVectors) -> Floats:
        """Return tokens and shape side by side, shape (n, d + k), the shape of about length 1."""
        tokens = (vectors.tokens - self.token_centre) / self.token_length
        # A prompt without any known token is read as the average one.
        tokens[~vectors.tokens.any(axis=1)] = 0.0
        shape = self.shape.standardised(vectors.shape) * self.varies / self.shape_length
        return np.hstack([tokens, shape])

    def prior(self, vectors: PromptVectors) -> Floats:
        """Return the base router's standardised logit, shape (n,); 0 for kinds that it does not support."""
        found = np.zeros(len(vectors.scores))
        for row, (score, kind) in enumerate(zip(vectors.scores.tolist(), vectors.kinds, strict=True)):
            if kind in self.prior_centres:
                found[row] = (logit_of(score) - self.prior_centres[kind]) / self.prior_spread
        return np.clip(found, -PRIOR_CLIP, PRIOR_CLIP)


def _believed(kinds: Sequence[PromptKind], supported: frozenset[PromptKind]) -> set[PromptKind]:
    # Where most prompts are of supported kinds, the others are most likely the same, seen wrong: every fifth
    # problem of GSM8K looks like an everyday question.
    known = [kind in supported for kind in kinds]
    return set(kinds) if np.mean(known) >= MOSTLY else set(kinds) & supported


def _length(rows: Floats) -> float:
    return float(np.sqrt((rows**2).sum(axis=1).mean())) or 1.0
