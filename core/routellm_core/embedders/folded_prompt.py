"""FoldedPrompt: a prompt's embedding projected on one direction, all that a fixed pair's score needs.

Differs from `prompt.py` in that it never makes the embedding: a few look-ups and plain numbers, since between
two calls of a model nothing is left in the processor's caches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from routellm_core.embedders.surface import SurfaceFold, asks_for_answer_at_once
from routellm_core.embedders.text import clipped
from routellm_core.embedders.token_sums import TokenSums


@dataclass(frozen=True, slots=True)
class Fold:
    """One direction, taken apart.

    Attributes:
        tokens: gives the sum and the number of the tokens' projections, whose mean is the static embedding's.
        centre: the centre's projection, to be taken off where the text has known tokens.
        surface: gives the projection of the surface features, their weight included.
    """

    tokens: TokenSums[complex]
    centre: float
    surface: SurfaceFold

    def numbers(self) -> Iterator[float]:
        """Yield every number of the fold but those of the tokens."""
        yield self.centre
        yield self.surface.constant
        for row in self.surface.rows:
            yield from row


@dataclass(frozen=True, slots=True)
class FoldedPrompt:
    """text -> PromptEmbedder.embed([text])[0] · direction.

    Attributes:
        plain: the direction for an ordinary text.
        cued: the direction for a text that ends with "Answer:", with the gated copy folded in.
    """

    plain: Fold
    cued: Fold

    def __call__(self, text: str) -> float:
        """Return the projection of one text's embedding."""
        fold = self.cued if asks_for_answer_at_once(text) else self.plain
        read = clipped(text)
        tokens = fold.tokens(read)
        words = tokens.real / tokens.imag - fold.centre if tokens.imag else 0.0
        return words + fold.surface(read, len(text))
