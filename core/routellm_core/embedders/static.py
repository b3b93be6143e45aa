"""StaticEmbedder: a prompt as the mean of its tokens' vectors, read from a table; numpy and tokenizers only.

The table is distilled once from a sentence transformer (`training/static_table.py`); nothing of a neural
network is left at run time. Surface features of the text are `surface.py`'s work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint
from routellm_core.checkpoints.row_limit import check_rows
from routellm_core.embedders.embedder import EmbedderParts
from routellm_core.embedders.text import clipped
from routellm_core.embedders.tokenizer_file import check_tokenizer
from routellm_core.embedders.word_pieces import PART_CHARACTERS, WordPieces, parts_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER_FILE = "tokenizer.json"

_BLOCK_VALUES = 2**24

PARALLEL_FROM = 512
"""Batches of at least this many prompts are tokenised on all cores. Smaller ones are not: a process that has
used the tokenizer's thread pool and then forks draws a warning from it, and a server scores few at a time."""


class StaticEmbedder:
    """Embeds prompts with a quantised token table: e = mean of scale_t · row_t over the known tokens t.

    A plain mean, not brought to length 1: projected on a direction, a token is then one number and a text the
    mean of a few. Objects are immutable and safe to share between threads, to pickle and to use after a fork.
    """

    kind = "static"

    scores_inline = True
    """Microseconds and no I/O: an event loop may call `embed`."""

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
                a token that does not count as known, such as the unknown one.

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
        self._ignored = frozenset(np.flatnonzero(self.scales == 0).tolist())
        self._tokenizer: Tokenizer | None = None
        self._word_pieces: WordPieces | None = None

    @property
    def dimension(self) -> int:
        """d, the length of one embedding."""
        return int(self.table.shape[1])

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Embed prompts, each independently of the others in the batch.

        Of a prompt above `text.CHARACTER_LIMIT` characters only the head and the tail are read, so the time
        is bounded. A prompt without any known token has the zero vector.

        Returns:
            Shape (n, d), always finite.
        """
        # (n, d), filled row by row: a row's mean must not depend on which prompts stand beside it.
        rows = np.zeros((len(prompts), self.dimension), dtype=np.float64)
        for row, ids in zip(rows, self._batch_of_ids(prompts), strict=True):
            if ids:
                picked = np.array(ids, dtype=np.intp)
                row[:] = self.scales.take(picked) @ self.table.take(picked, axis=0).astype(np.float32)
                row /= len(ids)
        return rows

    def token_ids(self, text: str) -> list[int]:
        """Return the known tokens of a text, in order."""
        read = clipped(text)
        # The tokenizer lets no other thread run: a long text is handed to it in parts where that is the same.
        if len(read) <= PART_CHARACTERS or self.word_pieces is None:
            return self.known(self.tokenizer.encode(read, add_special_tokens=False).ids)
        encoded = (self.tokenizer.encode(part, add_special_tokens=False).ids for part in parts_of(read))
        return self.known([id for ids in encoded for id in ids])

    def known(self, ids: list[int]) -> list[int]:
        """Return those of some tokens that count."""
        return ids if self._ignored.isdisjoint(ids) else [id for id in ids if id not in self._ignored]

    @property
    def word_pieces(self) -> WordPieces | None:
        """What cuts single words as the tokenizer does; None if its kind of tokenizer can't be told."""
        if self._tokenizer is None:
            self._build()
        return self._word_pieces

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer, built when it is first asked for."""
        return self._tokenizer or self._build()

    def projections(self, directions: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
        """Return what each token adds to a text's mean along k directions u of shape (k, d).

        Returns:
            Shape (k, v): the real part is scale_t · row_t · u, the imaginary part 1 for a known token and 0
            for others, so that a sum over tokens holds their sum and their number.
        """
        # float32, as in `embed`, and far finer than the table's eight bits; in blocks, for it is four times
        # as large.
        step = max(1, _BLOCK_VALUES // max(1, self.dimension))
        blocks = (self.table[start : start + step] for start in range(0, len(self.table), step))
        singles = directions.astype(np.float32)
        projected = np.concatenate(
            [singles @ block.astype(np.float32).T for block in blocks], axis=1
        )  # (k, v)
        added = np.empty(projected.shape, dtype=np.complex128)
        added.real, added.imag = projected * self.scales, self.scales != 0
        return added

    def to_parts(self) -> EmbedderParts:
        """Describe this embedder for a router's checkpoint.

        Raises:
            TypeError: its tokenizer holds what is not loaded from a file.
        """
        try:
            check_tokenizer(self.tokenizer_json, len(self.table))
        except ValueError as error:
            raise TypeError(f"the embedder {type(self).__name__} cannot be saved: {error}.") from error
        tensors: dict[str, npt.NDArray[Any]] = {"table": self.table, "scales": self.scales}
        return EmbedderParts(self.kind, {}, tensors, {TOKENIZER_FILE: self.tokenizer_json})

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> StaticEmbedder:
        """Make the embedder that `to_parts` described.

        Raises:
            CheckpointError: a part is missing or misshapen, or the tokenizer could take time without end.
        """
        table = checkpoint.tensor("embedder.table", (None, None), narrow=True)
        with checkpoint.reading("embedder"):
            check_rows(len(table), table.nbytes, "its table")
            scales = checkpoint.tensor("embedder.scales", table.shape[:1])
            embedder = cls(checkpoint.file(TOKENIZER_FILE), table, scales)
            check_tokenizer(embedder.tokenizer_json, len(table))
            return embedder

    def _batch_of_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        if len(prompts) < PARALLEL_FROM:
            return [self.token_ids(prompt) for prompt in prompts]
        texts = [clipped(prompt) for prompt in prompts]
        encoded = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [self.known(encoding.ids) for encoding in encoded]

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
        self._word_pieces = WordPieces.from_tokenizer(tokenizer)
        self._tokenizer = tokenizer
        return tokenizer

    def __getstate__(self) -> dict[str, Any]:
        """Leave the built tokenizer out of copies and pickles; it is made again from its JSON."""
        return {**self.__dict__, "_tokenizer": None, "_word_pieces": None}
