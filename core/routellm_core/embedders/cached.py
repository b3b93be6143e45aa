"""CachedEmbedder: any embedder behind a file of embeddings, so that no text is embedded or paid for twice.

One SQLite file of float32 rows, keyed by the embedder's identity and the SHA-256 of the text: no text is
stored, and nothing in it is a pickle.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from routellm_core.checkpoints.open_databases import open_database
from routellm_core.embedders.embedder import (
    AsyncEmbedder,
    Embedder,
    EmbedderError,
    EmbedderParts,
    Embeddings,
    SavableEmbedder,
    check_embeddings,
)
from routellm_core.routing.validation import check_count

_SCHEMA = """CREATE TABLE IF NOT EXISTS embeddings (
    embedder TEXT NOT NULL, text BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (embedder, text)
) WITHOUT ROWID"""

_BUSY_SECONDS = 60.0
"""How long one process waits for another's write."""

_MOST_PARAMETERS = 500
"""Of one SQL statement; older SQLite libraries take 999."""


class CachedEmbedder:
    """An embedder that looks into a file first.

    Threads and processes may share the file. Each batch is written as soon as it is embedded, so a crash
    loses one batch at most. Embeddings are float32, whatever the inner embedder returns. Saved within a
    router, it is its inner embedder that is saved: a cache belongs to a machine.
    """

    def __init__(
        self,
        embedder: Embedder,
        path: str | PathLike[str],
        *,
        identity: str | None = None,
        batch_size: int = 256,
    ) -> None:
        """Store the parts; the file is made at the first prompt.

        Args:
            embedder: makes what is not in the file.
            path: of the file; its folder must exist.
            identity: what the embeddings are kept under; None takes it from the embedder's kind, settings and
                weights, which needs an embedder that can be saved.
            batch_size: texts that are embedded between two writes, at least 1.

        Raises:
            ValueError: `batch_size` is below 1, or the embedder needs an `identity`.
        """
        check_count(batch_size, "batch_size")
        self.embedder = embedder
        self.path = Path(path)
        self.identity = identity or identity_of(embedder)
        self.batch_size = batch_size
        self.scores_inline = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.embedder!r}, {str(self.path)!r})"

    def embed(self, prompts: Sequence[str]) -> Embeddings:
        """Return the embeddings, shape (n, d), float32; only texts that are not in the file are embedded.

        Raises:
            EmbedderError: the file is not a cache or can't be written, or the inner embedder failed.
        """
        found = self._read(prompts)
        for batch in self._batches(prompts, found):
            found |= self._write(batch, self.embedder.embed(batch))
        return self._rows(prompts, found)

    async def aembed(self, prompts: Sequence[str]) -> Embeddings:
        """Return the same without blocking the event loop."""
        found = await asyncio.to_thread(self._read, prompts)
        for batch in self._batches(prompts, found):
            if isinstance(self.embedder, AsyncEmbedder):
                embedded = await self.embedder.aembed(batch)
            else:
                embedded = await asyncio.to_thread(self.embedder.embed, batch)
            found |= await asyncio.to_thread(self._write, batch, embedded)
        return self._rows(prompts, found)

    def to_parts(self) -> EmbedderParts:
        """Describe the inner embedder for a router's checkpoint.

        Raises:
            TypeError: the inner embedder does not say how it is saved.
        """
        if not isinstance(self.embedder, SavableEmbedder):
            raise TypeError(f"the embedder {type(self.embedder).__name__} cannot be saved with the router.")
        return self.embedder.to_parts()

    @classmethod
    def from_checkpoint(cls, checkpoint: Any) -> Embedder:
        """Never used: a checkpoint holds the inner embedder."""
        raise TypeError("a CachedEmbedder is not saved: make one around the router's embedder.")

    def _batches(self, prompts: Sequence[str], found: dict[bytes, bytes]) -> Iterator[list[str]]:
        missing = list({key: text for text in prompts if (key := _key(text)) not in found}.values())
        for start in range(0, len(missing), self.batch_size):
            yield missing[start : start + self.batch_size]

    def _read(self, prompts: Sequence[str]) -> dict[bytes, bytes]:
        keys = list({_key(text) for text in prompts})
        found: dict[bytes, bytes] = {}
        with self._database() as database:
            for start in range(0, len(keys), _MOST_PARAMETERS):
                part = keys[start : start + _MOST_PARAMETERS]
                marks = ",".join("?" * len(part))
                query = f"SELECT text, vector FROM embeddings WHERE embedder = ? AND text IN ({marks})"
                found.update(database.execute(query, (self.identity, *part)))
        return found

    def _write(self, batch: list[str], embedded: object) -> dict[bytes, bytes]:
        rows = check_embeddings(embedded, (len(batch), None), type(self.embedder).__name__)
        # Little-endian on every machine: the file may be moved.
        made = {_key(text): row.astype("<f4").tobytes() for text, row in zip(batch, rows, strict=True)}
        with self._database() as database, database:
            # Another process may have embedded the same text meanwhile: its row stays, and is as good.
            statement = "INSERT OR IGNORE INTO embeddings VALUES (?, ?, ?)"
            database.executemany(statement, [(self.identity, key, row) for key, row in made.items()])
        return made

    def _rows(self, prompts: Sequence[str], found: dict[bytes, bytes]) -> Embeddings:
        rows = [found[_key(text)] for text in prompts]
        lengths = sorted({len(row) // 4 for row in rows})
        if len(lengths) > 1:
            raise EmbedderError(
                f"{self.path} holds embeddings of lengths {lengths} under the identity {self.identity!r}: "
                "delete the file, or give each model an identity= of its own."
            )
        array = np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), lengths[0] if lengths else 0)
        return array.astype(np.float32)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        # One connection for each use: SQLite's own may not cross threads or forks, and opening takes far less
        # than embedding.
        try:
            with open_database(partial(sqlite3.connect, self.path, timeout=_BUSY_SECONDS)) as database:
                database.execute(_SCHEMA)
                yield database
        except sqlite3.Error as error:
            raise EmbedderError(
                f"the embedding cache {self.path} can't be used ({error}): give the path of a writable file "
                "in an existing folder, or delete a damaged one."
            ) from error


def identity_of(embedder: Embedder) -> str:
    """Return a name that two embedders share only where they give equal embeddings.

    Raises:
        ValueError: the embedder does not say what it is made of.
    """
    if not isinstance(embedder, SavableEmbedder):
        raise ValueError(
            f"{type(embedder).__name__} does not say what it is made of (to_parts): give identity=, a name "
            "for this embedder and its model."
        )
    parts = embedder.to_parts()
    digest = hashlib.sha256(json.dumps([parts.kind, dict(parts.settings)], sort_keys=True).encode())
    for name, tensor in sorted(parts.tensors.items()):
        digest.update(
            f"{name} {tensor.dtype} {tensor.shape}".encode() + np.ascontiguousarray(tensor).tobytes()
        )
    for name, content in sorted(parts.files.items()):
        digest.update(name.encode() + content)
    return f"{parts.kind}-{digest.hexdigest()[:32]}"


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
