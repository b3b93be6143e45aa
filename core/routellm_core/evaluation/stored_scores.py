"""Stored scores: what a slow router returned for a prompt, kept in a file so that it is asked once.

Keyed by the router's fingerprint and the prompt's SHA-256: no prompt is in the file, and another router, or
the same one trained again, has scores of its own.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from os import PathLike
from pathlib import Path

import numpy as np

from routellm_core.logits import Floats
from routellm_core.router import Router, check_scores

CHUNK = 512
"""Prompts between writes of new scores: the most a crash can lose."""

_TABLE = """create table if not exists scores (
    router text not null, prompt blob not null, score real not null, primary key (router, prompt)
) without rowid"""


def default_store() -> Path:
    """Return the default place for scores, in the user's cache folder."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "routellm" / "scores.sqlite3"


class StoredScores:
    """Scores prompts, each once per router.

    Routers that answer in microseconds, or have no fingerprint, are asked directly: nothing would be gained,
    or scores of different routers could not be distinguished.
    """

    def __init__(self, path: str | PathLike[str] | None) -> None:
        """Store where the scores are kept; None keeps none."""
        self.path = None if path is None else Path(path)

    def score(
        self, router: Router, prompts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> Floats:
        """Return the router's scores, shape (n,).

        Args:
            router: asked only for distinct prompts that are not stored yet.
            prompts: n texts.
            progress: called with the number scored and the total.

        Raises:
            RouterError: the router failed; what it said before is stored.
            OSError: the file can't be written.
        """
        if self.path is None or router.scores_inline or router.fingerprint is None:
            return np.array(check_scores(router.score(list(prompts)), len(prompts)))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        keys = [hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest() for prompt in prompts]
        try:
            with closing(sqlite3.connect(self.path, timeout=60.0)) as store:
                store.execute(_TABLE)
                return self._scored(store, router, dict(zip(keys, prompts, strict=True)), keys, progress)
        except sqlite3.Error as error:
            raise OSError(f"{self.path} can't be used ({error}): remove it, or keep no scores.") from error

    def _scored(
        self,
        store: sqlite3.Connection,
        router: Router,
        texts: dict[bytes, str],
        keys: Sequence[bytes],
        progress: Callable[[int, int], None] | None,
    ) -> Floats:
        rows = store.execute("select prompt, score from scores where router = ?", (router.fingerprint,))
        known = {prompt: score for prompt, score in rows if prompt in texts}
        missing = [key for key in texts if key not in known]
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            before = _unread(router)
            scores = check_scores(router.score([texts[key] for key in chunk]), len(chunk))
            found = dict(zip(chunk, scores, strict=True))
            # Where a reader failed, another router's score stands in: another time it need not.
            if _unread(router) == before:
                with store:
                    store.executemany(
                        "insert or replace into scores values (?, ?, ?)",
                        [(router.fingerprint, key, score) for key, score in found.items()],
                    )
            known |= found
            if progress is not None:
                progress(min(start + CHUNK, len(missing)), len(missing))
        return np.array([known[key] for key in keys])


def _unread(router: Router) -> int:
    """Return how many prompts a router's reader did not rate so far; 0 without one."""
    stats = router.reading_stats()
    return 0 if stats is None else stats.failed + stats.skipped
