"""AdditiveRouter: a prompt's kind chooses a sum over its words and its shape; the default router.

Differs from `matrix_factorization.py` in that it is fitted to ratings of prompts as well as to outcomes,
reads every language by one vocabulary, and knows one pair: a strong class against a weak class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.checkpoints.coverage import Coverage
from routellm_core.checkpoints.explanation import Explanation, Part, largest_first
from routellm_core.checkpoints.percentile import percentile_of
from routellm_core.checkpoints.row_limit import check_rows
from routellm_core.embedders.decorations import undecorated
from routellm_core.embedders.direction import Direction, DirectionWeights
from routellm_core.embedders.embedder import Embedder, embedder_parts, read_embedder
from routellm_core.embedders.lettered_options import asks_for_answer_at_once
from routellm_core.embedders.pieces import Pieces
from routellm_core.embedders.prompt_kind import PromptKind, is_foreign, kind_of
from routellm_core.embedders.shape import FEATURES, Shape, shape_of
from routellm_core.embedders.shape_features import ShapeFeatures
from routellm_core.logits import win_rate
from routellm_core.router import Scores, UnchangingRouter, check_prompts

KIND = "additive"
PIECES_FILE = "pieces.txt"

DIRECTIONS = ("everyday", "foreign", "problem", "exam", "exam_at_once")
"""The sums: English prompts of every kind but the next ones; other languages; word problems; exam questions;
exam questions that end with "Answer:", which leaves no room to reason."""


Reading = tuple[str | None, Shape]
"""Which direction scores a text, or None if none does, and what of the text it reads."""


class AdditiveRouter(UnchangingRouter):
    """score = σ(constant + Σ words + Σ features of the text's shape), by the sum of the prompt's kind.

    A prompt of a kind that the router knows nothing of has the neutral score. Objects are immutable.
    """

    scores_inline = True

    def __init__(
        self,
        pieces: Pieces,
        directions: Mapping[str, DirectionWeights],
        neutral: float,
        embedder: Embedder,
        *,
        score_quantiles: Scores | None = None,
        coverage: Coverage | None = None,
    ) -> None:
        """Store the weights and fold them.

        Args:
            pieces: the vocabulary.
            directions: one for each of `DIRECTIONS`.
            neutral: the logit of a prompt of a kind without support.
            embedder: takes no part in the score; what is trained on top of this router embeds with it.
            score_quantiles: see `Router.score_quantiles`.
            coverage: see `Router.coverage`; its centroids are of `embedder`.

        Raises:
            ValueError: a direction is missing, or shapes do not fit each other.
        """
        if set(directions) != set(DIRECTIONS):
            raise ValueError(f"directions are {sorted(directions)}, expected {sorted(DIRECTIONS)}.")
        self.pieces = pieces
        self.neutral = float(neutral)
        self.embedder = embedder
        self.score_quantiles = score_quantiles
        self.coverage = coverage
        self._last: tuple[str, Reading] | None = None
        self._directions = {name: Direction(pieces, directions[name]) for name in DIRECTIONS}

    def __getstate__(self) -> dict[str, Any]:
        # A copy elsewhere is a router, and tells nobody what was asked last.
        return {**self.__dict__, "_last": None}

    @property
    def directions(self) -> dict[str, DirectionWeights]:
        """The weights of each of `DIRECTIONS`."""
        return {name: direction.weights for name, direction in self._directions.items()}

    def score(self, prompts: Sequence[str]) -> Scores:
        """Score prompts, each independently of the others in the batch."""
        return np.array([self.score_one(prompt) for prompt in check_prompts(prompts)], dtype=np.float64)

    def score_one(self, prompt: str) -> float:
        """Score one prompt, in plain numbers."""
        return win_rate(self._logit(self._reading(prompt)))

    def logit(self, shape: Shape) -> float:
        """Return the logit of a text's score."""
        return self._logit(self._read(shape))

    def direction_of(self, shape: Shape) -> str | None:
        """Return which of `DIRECTIONS` scores a text; None if none does."""
        return self._read(shape)[0]

    def knows(self, prompt: str) -> bool:
        """Return whether a direction scores the prompt."""
        return self._reading(prompt)[0] is not None

    def _logit(self, reading: Reading) -> float:
        name, read = reading
        return self.neutral if name is None else self._directions[name](read)

    def _reading(self, prompt: str) -> Reading:
        # A prompt that was scored is asked about at once: it is read once for both.
        last = self._last
        if last is None or last[0] != prompt:
            self._last = last = (prompt, self._read(shape_of(prompt)))
        return last[1]

    def _read(self, shape: Shape) -> Reading:
        kind = kind_of(shape)
        if kind is PromptKind.EXAM:
            return ("exam_at_once" if asks_for_answer_at_once(shape.text) else "exam"), shape
        if kind is PromptKind.WORD_PROBLEM:
            return "problem", shape
        plain = undecorated(shape)
        if not plain.words:
            return None, plain
        return ("foreign" if is_foreign(shape) else "everyday"), plain

    def explain(self, prompt: str) -> Explanation:
        """Take a prompt's score apart: by its kind, its words and the features of its shape.

        The logit is their sum. What it moves σ from its value at the neutral logit is shared among them in
        proportion, so that the parts add up to score − average.
        """
        shape = shape_of(prompt)
        name, read = self._read(shape)
        kind, logit = kind_of(shape), self.logit(shape)
        score, average = win_rate(logit), win_rate(self.neutral)
        parts: list[Part] = []
        if name is not None and logit != self.neutral:
            slope = (score - average) / (logit - self.neutral)
            direction = self._directions[name]
            units, features = direction.parts(read)
            parts.append(
                Part("feature", f"kind: {kind}", slope * (direction.weights.constant - self.neutral))
            )
            parts += [Part("word", unit, slope * part) for unit, part in units.items()]
            parts += [Part("feature", feature, slope * part) for feature, part in features.items()]
        percentile = percentile_of(score, self.score_quantiles)
        known = name is not None
        return Explanation(self.name, score, percentile, str(kind), known, average, largest_first(parts))

    def with_quantiles(self, score_quantiles: Scores) -> AdditiveRouter:
        """Return the same router with score quantiles, see `Router.score_quantiles`."""
        return self._with(score_quantiles=score_quantiles)

    def with_coverage(self, coverage: Coverage) -> AdditiveRouter:
        """Return the same router with what it was trained on, see `Router.coverage`."""
        return self._with(coverage=coverage)

    def training_similarity(self, prompts: Sequence[str]) -> Scores | None:
        """Return how near each prompt is to the training prompts, by its embedding; see `Router`."""
        if self.coverage is None:
            return None
        return self.coverage.similarity(np.asarray(self.embedder.embed(check_prompts(prompts)), np.float64))

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router and its embedder; raises TypeError where that does not say how it is saved."""
        parts = embedder_parts(self.embedder)
        tensors: dict[str, npt.NDArray[Any]] = {
            f"embedder.{name}": tensor for name, tensor in parts.tensors.items()
        }
        tensors["pieces.scores"] = self.pieces.scores
        for name, direction in self.directions.items():
            tensors |= _tensors(name, direction)
        if self.score_quantiles is not None:
            tensors["score_quantiles"] = self.score_quantiles
        if self.coverage is not None:
            tensors |= self.coverage.to_tensors()
        settings = {
            "features": list(FEATURES),
            "neutral": self.neutral,
            "constants": {name: direction.constant for name, direction in self.directions.items()},
            "reads_numbers": [name for name, each in self.directions.items() if each.reads_numbers],
            "embedder": {"kind": parts.kind, **parts.settings},
        }
        return Checkpoint(KIND, settings, tensors, {**parts.files, PIECES_FILE: self.pieces.text})

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, *, embedder: Embedder | None = None) -> AdditiveRouter:
        """Make the router that `to_checkpoint` described, with the embedder given or the one saved.

        Raises:
            CheckpointError: a part is missing or misshapen, or its features are not this version's.
        """
        if checkpoint.setting("features") != list(FEATURES):
            raise CheckpointError(
                f"{checkpoint.origin}: its shape features are not those that this version computes. "
                "Train the router again."
            )
        with checkpoint.reading():
            scores, text = checkpoint.tensor("pieces.scores", (None,)), checkpoint.file(PIECES_FILE)
            check_rows(max(len(scores), text.count(b"\n")), len(text), PIECES_FILE)
            pieces = Pieces(text, scores)
            return cls(
                pieces,
                {name: _direction(name, checkpoint, len(pieces)) for name in DIRECTIONS},
                checkpoint.setting("neutral"),
                embedder or read_embedder(checkpoint),
                score_quantiles=checkpoint.score_quantiles,
                coverage=Coverage.from_checkpoint(checkpoint),
            )

    def _with(self, **changes: Any) -> AdditiveRouter:
        names = ("pieces", "directions", "neutral", "embedder", "score_quantiles", "coverage")
        return AdditiveRouter(**({name: getattr(self, name) for name in names} | changes))


def _tensors(name: str, direction: DirectionWeights) -> dict[str, npt.NDArray[Any]]:
    tensors: dict[str, npt.NDArray[Any]] = {
        f"{name}.root": direction.root,
        f"{name}.shape_centre": direction.shape.centre,
        f"{name}.shape_spread": direction.shape.spread,
        f"{name}.shape_weights": direction.shape_weights,
    }
    more = {"plain": direction.plain, "options": direction.options}
    return tensors | {f"{name}.{part}": each for part, each in more.items() if each is not None}


def _direction(name: str, checkpoint: Checkpoint, size: int) -> DirectionWeights:
    def features(part: str) -> npt.NDArray[np.float64]:
        return checkpoint.tensor(f"{name}.{part}", (len(FEATURES),)).astype(np.float64)

    def weights(part: str) -> npt.NDArray[np.float16]:
        return checkpoint.tensor(f"{name}.{part}", (size,)).astype(np.float16, copy=False)

    def optional(part: str) -> npt.NDArray[np.float16] | None:
        return weights(part) if f"{name}.{part}" in checkpoint.tensors else None

    return DirectionWeights(
        constant=float(checkpoint.setting("constants")[name]),
        root=weights("root"),
        plain=optional("plain"),
        options=optional("options"),
        shape=ShapeFeatures(features("shape_centre"), features("shape_spread")),
        shape_weights=features("shape_weights"),
        reads_numbers=name in checkpoint.setting("reads_numbers"),
    )
