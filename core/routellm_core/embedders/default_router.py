"""PromptEmbedder: static token vectors and surface features side by side, with a gate for exam prompts.

Differs from `static.py` and `surface.py` in that it is what the default router scores with: both of them, and
a second copy that is switched on where the text ends with "Answer:". Such a prompt asks for an answer without
reasoning, and which questions are hard is then another matter (mathematics most of all).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.embedders.embedder import Embedder, EmbedderParts
from routellm_core.embedders.folded_prompt import Fold, FoldedPrompt
from routellm_core.embedders.static import TOKENIZER_FILE, StaticEmbedder
from routellm_core.embedders.surface import FEATURES, SurfaceFeatures, asks_for_answer_at_once
from routellm_core.embedders.text import clipped
from routellm_core.embedders.token_sums import TokenSums

_GREATEST_WEIGHT = 1e100
"""Two such numbers can be multiplied, and some products added."""


class PromptEmbedder:
    """Embeds a prompt as [h, cue_weight · cue · h] with h = [x − centre, surface_weight · s].

    x is the static embedding, s the surface features, cue is 1 where the text ends with "Answer:", else 0.
    A text without any known token has x = centre, the average prompt.
    """

    kind = "prompt"

    scores_inline = True
    """Microseconds and no I/O: an event loop may call `embed`."""

    def __init__(
        self,
        static: StaticEmbedder,
        surface: SurfaceFeatures,
        centre: npt.NDArray[np.float64],
        *,
        surface_weight: float,
        cue_weight: float,
    ) -> None:
        """Store the parts.

        Args:
            static: gives x, shape (n, d).
            surface: gives s, shape (n, k).
            centre: shape (d,), the mean of x over prompts like those to come.
            surface_weight: how much a standardised feature counts beside x, whose length is about 1.
            cue_weight: how freely the gated copy may differ; 0 makes the gate useless.

        Raises:
            ValueError: `centre` does not fit `static`.
        """
        if centre.shape != (static.dimension,):
            raise ValueError(f"centre has shape {centre.shape}, expected ({static.dimension},).")
        self.static = static
        self.surface = surface
        self.centre = centre.astype(np.float64)
        self.surface_weight = float(surface_weight)
        self.cue_weight = float(cue_weight)

    @property
    def dimension(self) -> int:
        """2 · (d + k), the length of one embedding."""
        return 2 * (self.static.dimension + self.surface.dimension)

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Embed prompts, each independently of the others in the batch; shape (n, 2·(d + k)), finite."""
        d, k = self.static.dimension, self.surface.dimension
        embedded = np.zeros((len(prompts), 2 * (d + k)))
        x = self.static.embed(prompts)  # (n, d)
        features = self.surface.embed(prompts)  # (n, k)
        for row, words, surface, text in zip(embedded, x, features, prompts, strict=True):
            if words.any():
                np.subtract(words, self.centre, out=row[:d])
            np.multiply(surface, self.surface_weight, out=row[d : d + k])
            if asks_for_answer_at_once(text):
                np.multiply(row[: d + k], self.cue_weight, out=row[d + k :])
        return embedded

    def folded(self, direction: npt.NDArray[np.float64]) -> FoldedPrompt:
        """Return the function text -> embed([text])[0] · direction, which makes no embedding.

        Args:
            direction: shape (2·(d + k),).

        Raises:
            ValueError: another shape, or weights with which sums would overflow.
        """
        if direction.shape != (self.dimension,):
            raise ValueError(f"direction has shape {direction.shape}, expected ({self.dimension},).")
        plain, gated = np.split(direction, 2)  # each (d + k,)
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            directions = np.stack([plain, plain + self.cue_weight * gated])  # (2, d + k)
            tokens = self.static.projections(directions[:, : self.static.dimension])  # (2, v)
            folds = list(map(self._fold, directions, tokens))
        numbers = (number for fold in folds for number in fold.numbers())
        if not np.isfinite(tokens).all() or not all(abs(number) < _GREATEST_WEIGHT for number in numbers):
            raise ValueError("the weights are so large that scores would overflow.")
        return FoldedPrompt(*folds)

    def parts(
        self, text: str, direction: npt.NDArray[np.float64]
    ) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Take the projection of a text's embedding apart: by its words, and by its surface features.

        A word's part is that of its tokens less the centre's, over the number of tokens in the text, so that
        all parts together are `folded(direction)(text)`.

        Args:
            text: any text.
            direction: shape (2·(d + k),).
        """
        plain, gated = np.split(direction, 2)  # each (d + k,)
        if asks_for_answer_at_once(text):
            plain = plain + self.cue_weight * gated
        along, features = np.split(plain, [self.static.dimension])  # (d,), (k,)
        cut = [(word, self.static.token_ids(word)) for word in clipped(text).split()]
        count = sum(len(ids) for _, ids in cut)
        added = self.static.projections(along[None, :]).real[0] - self.centre @ along  # (v,)
        words = [(word, float(added[ids].sum()) / count) for word, ids in cut if ids]
        surface = self.surface.embed([text])[0] * self.surface_weight * features
        return words, list(zip(FEATURES, surface.tolist(), strict=True))

    def _fold(self, direction: npt.NDArray[np.float64], tokens: npt.NDArray[np.complex128]) -> Fold:
        words, features = np.split(direction, [self.static.dimension])  # (d,), (k,)
        surface = self.surface.folded((self.surface_weight * features).tolist())
        sums = TokenSums(self.static, tokens.tolist())
        return Fold(sums, float(self.centre @ words), surface)

    def to_parts(self) -> EmbedderParts:
        """Describe this embedder for a router's checkpoint."""
        return EmbedderParts(
            self.kind,
            {
                "surface_weight": self.surface_weight,
                "cue_weight": self.cue_weight,
                "features": list(FEATURES),
            },
            {
                "table": self.static.table,
                "scales": self.static.scales,
                "centre": self.centre,
                "surface_centre": self.surface.centre,
                "surface_spread": self.surface.spread,
            },
            {TOKENIZER_FILE: self.static.tokenizer_json},
        )

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> PromptEmbedder:
        """Make the embedder that `to_parts` described.

        Raises:
            CheckpointError: a part is missing or misshapen, or its features are not this version's.
        """
        settings = checkpoint.setting("embedder")
        if settings.get("features") != list(FEATURES):
            raise CheckpointError(
                f"{checkpoint.origin}: the surface features are {settings.get('features')!r}, "
                f"this version measures {list(FEATURES)}. Train the router again."
            )
        for name in ("surface_weight", "cue_weight"):
            if not isinstance(settings.get(name), int | float):
                raise CheckpointError(f"{checkpoint.origin}: {name} is {settings.get(name)!r}, no number.")
        tensor = checkpoint.tensor
        with checkpoint.reading("embedder"):
            static = StaticEmbedder.from_checkpoint(checkpoint)
            return cls(
                static,
                SurfaceFeatures(
                    tensor("embedder.surface_centre", (len(FEATURES),)),
                    tensor("embedder.surface_spread", (len(FEATURES),)),
                ),
                tensor("embedder.centre", (static.dimension,)),
                surface_weight=settings["surface_weight"],
                cue_weight=settings["cue_weight"],
            )


def embedder_of_meaning(embedder: Embedder) -> Embedder:
    """Return the part of an embedder that tells what a text is about.

    Features of the text's surface weigh as much as its words, and make prompts of one length alike.
    """
    return embedder.static if isinstance(embedder, PromptEmbedder) else embedder
