"""StaticEmbedder: a prompt as the mean of its tokens' vectors, read from a table; numpy and tokenizers only.

The table is distilled once from a sentence transformer (`training/static_table.py`); nothing of a neural
network is left at run time. Surface features of the text are `surface.py`'s work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.text import clipped
from routellm_core.embedders.word_ids import word_ids_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PARALLEL_FROM = 512
"""Batches of at least this many prompts are tokenised on all cores. Smaller ones are not: a process that has
used the tokenizer's thread pool and then forks draws a warning from it, and a server scores few at a time."""


class StaticEmbedder:
    """Embeds prompts with a quantised token table: e = normalise(Σ_t scale_t · row_t) over the tokens t.

    The sum equals the mean up to the length, which the normalisation takes away. Objects are immutable and
    safe to share between threads, to pickle and to use after a fork.
    """

    def __init__(
        self,
        tokenizer_json: bytes,
        table: npt.NDArray[np.int8],
        scales: npt.NDArray[np.float32],
    ) -> None:
        """Store the parts; the tokenizer itself is built at the first prompt.

        Args:
            tokenizer_json: a `tokenizer.json` of the tokenizers library, without special tokens added.
            table: shape (v, d), int8: the direction of each token.
            scales: shape (v,), float32: what each row is multiplied with, its token's weight included; 0 for
                a token that should not count, such as the unknown one.

        Raises:
            ValueError: the shapes do not belong together.
        """
        if table.ndim != 2 or table.dtype != np.int8:
            raise ValueError(f"table is {table.dtype} of shape {table.shape}, expected int8 of shape (v, d).")
        if scales.shape != table.shape[:1]:
            raise ValueError(
                f"scales has shape {scales.shape}, expected {table.shape[:1]}, one per table row."
            )
        self.tokenizer_json = tokenizer_json
        self.table = table
        self.scales = scales.astype(np.float32)
        self._tokenizer: Tokenizer | None = None
        self._tokenize: Callable[[str], list[int]] | None = None

    @property
    def dimension(self) -> int:
        """d, the length of one embedding."""
        return int(self.table.shape[1])

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Embed prompts, each independently of the others in the batch.

        Of a prompt above `text.CHARACTER_LIMIT` characters only the head and the tail are read, so the time
        is bounded. A prompt without any known token has the zero vector.

        Returns:
            Shape (n, d), rows of length 1 or 0, always finite.
        """
        # (n, d), filled row by row: a row's sum must not depend on which prompts stand beside it.
        rows = np.zeros((len(prompts), self.dimension), dtype=np.float64)
        for row, ids in zip(rows, self._token_ids(prompts), strict=True):
            total, length = self._sum(ids)
            if length > 0.0:
                row[:] = total / length
        return rows

    def along(self, text: str, direction: npt.NDArray[np.float32]) -> float | None:
        """Return one text's embedding projected on a direction of shape (d,), without making the embedding.

        None where the text has no known token.
        """
        total, length = self._sum(self._token_ids([text])[0])
        return float(total @ direction) / length if length > 0.0 else None

    def _sum(self, ids: list[int]) -> tuple[npt.NDArray[np.float32], float]:
        picked = np.array(ids, dtype=np.intp)
        total = self.scales.take(picked) @ self.table.take(picked, axis=0).astype(np.float32)  # (d,)
        return total, math.sqrt(total @ total)

    def _token_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        texts = [clipped(prompt) for prompt in prompts]
        if len(texts) >= PARALLEL_FROM:
            tokenizer = self._tokenizer or self._build()
            return [e.ids for e in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        token_ids = self._tokenize or self._tokenization()
        return [token_ids(text) for text in texts]

    def _tokenization(self) -> Callable[[str], list[int]]:
        tokenizer = self._tokenizer or self._build()

        def whole(text: str) -> list[int]:
            return list(tokenizer.encode(text, add_special_tokens=False).ids)

        # Two threads may make it at the same time; either result serves, so no lock is held.
        words = word_ids_of(tokenizer)
        self._tokenize = whole if words is None else words.token_ids
        return self._tokenize

    def _build(self) -> Tokenizer:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ImportError(
                "the static embedder needs the package tokenizers: pip install routellm-plugins"
            ) from error
        tokenizer = Tokenizer.from_str(self.tokenizer_json.decode("utf-8"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        # Two threads may build it at the same time; either result serves, so no lock is held.
        self._tokenizer = tokenizer
        return tokenizer

    def __getstate__(self) -> dict[str, Any]:
        """Leave the built tokenizer out of copies and pickles; it is made again from its JSON."""
        return {**self.__dict__, "_tokenizer": None, "_tokenize": None}
