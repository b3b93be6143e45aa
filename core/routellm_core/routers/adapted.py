"""AdaptedRouter: a router made of a user's own labels, with the router that it was made from as its prior.

Differs from `matrix_factorization.py` in that it predicts the quality of each model's answer, not who wins,
and in that both predictions are folded to one number a token: the token table is not kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.checkpoints.coverage import Coverage
from routellm_core.checkpoints.explanation import Explanation, Part, largest_first
from routellm_core.checkpoints.percentile import percentile_of
from routellm_core.checkpoints.row_limit import check_rows
from routellm_core.embedders.kept_labels import LABELS_FILE, KeptLabels
from routellm_core.embedders.prompt_kind import PromptKind, kind_of
from routellm_core.embedders.shape import FEATURES, Shape, shape_of
from routellm_core.embedders.shape_features import ShapeFeatures
from routellm_core.embedders.static import TOKENIZER_FILE, StaticEmbedder
from routellm_core.embedders.token_folds import TokenFolds
from routellm_core.embedders.tokenizer_file import check_tokenizer
from routellm_core.logits import Floats, secant, win_rate
from routellm_core.router import Router, Scores, UnchangingRouter, check_prompts

KIND = "adapted"
PRIOR_CLIP = 3.0
"""Standard deviations beyond which the prior's logit is cut."""

_SURE = 1e-6
_GREATEST = 1e15
_MOST_TOKENS = 260_000  # the largest vocabularies in use have 250,000


@dataclass(frozen=True, eq=False)
class Prior:
    """How a base router's score enters: z = (logit − centre of the kind) / spread, cut at ±`PRIOR_CLIP`.

    Attributes:
        centres: kind -> mean logit of its labelled prompts; a kind that is missing is not supported: z = 0.
        spread: standard deviation of the logits inside their kinds, above 0.
        weights: shape (2,), what z adds to the strong and to the weak model's logit.
    """

    centres: Mapping[str, float]
    spread: float
    weights: Floats

    def standardised(self, score: float, kind: PromptKind) -> float:
        """Return z of one score of the base router."""
        value = (logit_of(score) - self.centres[kind]) / self.spread
        return min(PRIOR_CLIP, max(-PRIOR_CLIP, value))


@dataclass(frozen=True, eq=False)
class Qualities:
    """Two logits, linear in a prompt: σ of each is the quality expected of one model's answer.

    Attributes:
        intercepts: shape (2,), of the strong and of the weak model, as every array here.
        tokens: shape (v, 2), what each token adds to a prompt's mean.
        token_centre: shape (2,), the mean over the labelled prompts, to be taken off.
        shape: centre and spread of the features over the labelled prompts.
        shape_weights: shape (len(FEATURES), 2).
    """

    intercepts: Floats
    tokens: npt.NDArray[np.float32]
    token_centre: Floats
    shape: ShapeFeatures
    shape_weights: Floats


class AdaptedRouter(UnchangingRouter):
    """score = (1 + σ(f_s) − σ(f_w)) / 2: P(strong better) + P(tie) / 2 if the two answers fail independently.

    Each logit is a sum over tokens, features of the text's shape and the base router's score. Objects are
    immutable.
    """

    def __init__(
        self,
        base: Router,
        static: StaticEmbedder,
        qualities: Qualities,
        prior: Prior,
        *,
        strong: str,
        weak: str,
        score_quantiles: Scores | None = None,
        coverage: Coverage | None = None,
        labels: KeptLabels | None = None,
        kinds: Iterable[PromptKind] | None = None,
    ) -> None:
        """Store the weights and fold them.

        Args:
            base: the router whose score is the prior.
            static: cuts texts into tokens; its table is not read.
            qualities: the two logits.
            prior: how the base's score enters.
            strong: the strong model's name in the labels.
            weak: the weak model's.
            score_quantiles: see `Router.score_quantiles`.
            coverage: see `Router.coverage`; no centroids.
            labels: labelled prompts kept for `explain`, with the user's consent.
            kinds: of the labelled prompts, those that are no rarity; None if unknown.

        Raises:
            ValueError: shapes that do not fit each other, or numbers so large that scores would overflow.
        """
        _check_numbers(qualities, prior)
        self.base = base
        self.static = static
        self.qualities = qualities
        self.prior = prior
        self.strong, self.weak = strong, weak
        self.score_quantiles = score_quantiles
        self.coverage = coverage
        self.labels = labels
        self.kinds = None if kinds is None else frozenset(kinds)
        self.scores_inline = base.scores_inline
        self._tokens = TokenFolds(static, qualities.tokens.astype(np.float64))
        # Both directions in one pass: the strong model's is the real part.
        self._shape = qualities.shape.folded((qualities.shape_weights @ (1.0, 1.0j)).tolist())
        self._intercepts = qualities.intercepts.tolist()
        self._centre = qualities.token_centre.tolist()
        self._prior_weights = prior.weights.tolist()

    def score(self, prompts: Sequence[str]) -> Scores:
        """Score prompts, each independently of the others in the batch."""
        return np.array([self.score_one(prompt) for prompt in check_prompts(prompts)], dtype=np.float64)

    def score_one(self, prompt: str) -> float:
        """Score one prompt, in plain numbers."""
        strong, weak = self._logits(prompt)
        return 0.5 * (1.0 + win_rate(strong) - win_rate(weak))

    def knows(self, prompt: str) -> bool | None:
        """Return whether prompts of this kind were labelled; None if the router does not know."""
        return None if self.kinds is None else kind_of(shape_of(prompt)) in self.kinds

    def explain(self, prompt: str, *, neighbours: int = 3) -> Explanation:
        """Take a prompt's score apart: by words, features of its shape and the base router.

        Each σ(f) − σ(intercept) is shared among the parts of f in proportion, so that the parts add up to
        score − average.
        """
        shape = shape_of(prompt)
        logits = self._logits(prompt)
        slopes = [
            0.5 * secant(start, end) * sign
            for start, end, sign in zip(self._intercepts, logits, (1.0, -1.0), strict=True)
        ]
        kind = kind_of(shape)
        return Explanation(
            self.name,
            self.score_one(prompt),
            percentile_of(self.score_one(prompt), self.score_quantiles),
            str(kind),
            kind in self.prior.centres,
            0.5 * (1.0 + win_rate(self._intercepts[0]) - win_rate(self._intercepts[1])),
            largest_first(self._parts(prompt, shape, kind, np.array(slopes))),
            () if self.labels is None else self.labels.nearest(prompt, self.static, neighbours),
        )

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router and its base; raises TypeError if the base can't be saved."""
        qualities, prior = self.qualities, self.prior
        tensors: dict[str, npt.NDArray[np.generic]] = {
            "intercepts": qualities.intercepts,
            "tokens": qualities.tokens,
            "known": self.static.scales != 0,
            "token_centre": qualities.token_centre,
            "shape_centre": qualities.shape.centre,
            "shape_spread": qualities.shape.spread,
            "shape_weights": qualities.shape_weights,
            "prior_weights": prior.weights,
        }
        if self.score_quantiles is not None:
            tensors["score_quantiles"] = self.score_quantiles
        if self.coverage is not None:
            tensors |= self.coverage.to_tensors()
        settings = {
            "strong": self.strong,
            "weak": self.weak,
            "features": list(FEATURES),
            "prior": {"centres": dict(prior.centres), "spread": prior.spread},
        }
        if self.kinds is not None:
            settings["kinds"] = sorted(self.kinds)
        files = {TOKENIZER_FILE: self.static.tokenizer_json}
        if self.labels is not None:
            files[LABELS_FILE] = self.labels.to_bytes()
        base = replace(self.base.to_checkpoint(), name=self.base.name)
        return Checkpoint(KIND, settings, tensors, files, inner={"base": base})

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, *, base: Router | None = None) -> AdaptedRouter:
        """Make the router that `to_checkpoint` described, around the base router saved inside it."""
        if base is None:
            raise CheckpointError(f"{checkpoint.origin} holds no base router, and base= is not given.")
        if checkpoint.setting("features") != list(FEATURES):
            raise CheckpointError(
                f"{checkpoint.origin} uses different shape features than this version computes: "
                "run routellm adapt again on the same labels."
            )
        tensor = checkpoint.tensor
        known = tensor("known", (None,), narrow=True)
        described = checkpoint.setting("prior")
        kept = checkpoint.files.get(LABELS_FILE)
        kinds = checkpoint.settings.get("kinds")
        with checkpoint.reading("router"):
            check_rows(len(known), known.nbytes, "the tensor 'known'", most=_MOST_TOKENS)
            check_tokenizer(checkpoint.file(TOKENIZER_FILE), len(known))
            return cls(
                base,
                # Without columns: it only cuts texts.
                StaticEmbedder(
                    checkpoint.file(TOKENIZER_FILE),
                    np.zeros((len(known), 0), np.int8),
                    known.astype(np.float32),
                ),
                Qualities(
                    tensor("intercepts", (2,)).astype(np.float64),
                    tensor("tokens", (len(known), 2)).astype(np.float32),
                    tensor("token_centre", (2,)).astype(np.float64),
                    ShapeFeatures(tensor("shape_centre", (None,)), tensor("shape_spread", (None,))),
                    tensor("shape_weights", (len(FEATURES), 2)).astype(np.float64),
                ),
                Prior(
                    {PromptKind(kind): float(centre) for kind, centre in described["centres"].items()},
                    float(described["spread"]),
                    tensor("prior_weights", (2,)).astype(np.float64),
                ),
                strong=str(checkpoint.setting("strong")),
                weak=str(checkpoint.setting("weak")),
                score_quantiles=checkpoint.score_quantiles,
                coverage=Coverage.from_checkpoint(checkpoint),
                labels=None if kept is None else KeptLabels.from_bytes(kept),
                kinds=None if kinds is None else map(PromptKind, kinds),
            )

    def _logits(self, prompt: str) -> tuple[float, float]:
        shape = shape_of(prompt)
        kind = kind_of(shape)
        means = self._tokens(shape.text) or self._centre
        folded = self._shape(shape.features)
        features = (folded.real, folded.imag)
        prior = self.prior.standardised(self.base.score_one(prompt), kind) if self._asks(kind) else 0.0
        strong, weak = (
            intercept + mean - centre + feature + weight * prior
            for intercept, mean, centre, feature, weight in zip(
                self._intercepts, means, self._centre, features, self._prior_weights, strict=True
            )
        )
        return strong, weak

    def _asks(self, kind: PromptKind) -> bool:
        return kind in self.prior.centres

    def _parts(self, prompt: str, shape: Shape, kind: PromptKind, slopes: Floats) -> list[Part]:
        """Return what each part adds to the score; `slopes`, shape (2,), turn logits into score."""
        parts: list[Part] = []
        cut = [(word, self.static.token_ids(word)) for word in shape.text.split()]
        count = sum(len(ids) for _, ids in cut)
        for word, ids in cut:
            added = self.qualities.tokens[ids].astype(np.float64) - self.qualities.token_centre  # (t, 2)
            parts.append(Part("word", word, float(added.sum(axis=0) @ slopes) / count if count else 0.0))
        z = self.qualities.shape.embed([prompt])[0]  # (len(FEATURES),)
        amounts = (z[:, None] * self.qualities.shape_weights) @ slopes
        parts += [Part("feature", name, float(a)) for name, a in zip(FEATURES, amounts, strict=True)]
        if self._asks(kind):
            z_prior = self.prior.standardised(self.base.score_one(prompt), kind)
            parts.append(Part("router", self.base.name, float(z_prior * self.prior.weights @ slopes)))
        return parts


def logit_of(score: float) -> float:
    """Return the log-odds of a score, of one at 0 or 1 those of one in a million."""
    sure = min(1.0 - _SURE, max(_SURE, score))
    return log(sure / (1.0 - sure))


def _check_numbers(qualities: Qualities, prior: Prior) -> None:
    # Whatever a text holds, no sum of products of such numbers overflows.
    shape = qualities.shape
    arrays: list[npt.NDArray[np.floating]] = [qualities.intercepts, qualities.tokens]
    arrays += [qualities.token_centre, qualities.shape_weights]
    arrays += [shape.centre, shape.spread, 1.0 / shape.spread, prior.weights]
    numbers = [*prior.centres.values(), prior.spread, 1.0 / prior.spread if prior.spread > 0.0 else math.inf]
    greatest = [float(np.abs(array).max(initial=0.0)) for array in arrays]
    if not all(abs(number) < _GREATEST for number in [*greatest, *numbers]):
        raise ValueError("the weights are so large that scores would overflow.")
