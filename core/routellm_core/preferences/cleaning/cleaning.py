"""Cleaning: which rows of preference data to train on, and why not the others (paper, 4.1 and app. B)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.embedder import Embedder
from routellm_core.preferences.cleaning.decontamination import SIMILARITY, similar_prompts
from routellm_core.preferences.cleaning.duplicates import exact_duplicates, near_duplicates
from routellm_core.preferences.cleaning.languages import languages
from routellm_core.preferences.cleaning.overlap import LENGTH, overlapping
from routellm_core.routing.request import MIN_SCORED_CHARACTERS

Marks = npt.NDArray[np.bool_]

KEPT = ""
"""The reason of a kept row."""


@dataclass(frozen=True)
class CleaningSettings:
    """What to remove.

    Attributes:
        minimum_length: prompts with fewer characters, outer white space aside, go (paper, section 4.1).
        near_duplicates: Jaccard similarity from which a row repeats an earlier one; 1 removes only equal
            prompts, and needs no extra.
        languages: ISO 639-1 codes to keep; empty to keep all.
        tag_languages: whether to find each kept row's language even if all are kept.
        overlap: whether sharing 13-word sequences with an evaluation prompt removes a row.
        similarity: cosine to an evaluation prompt that removes a row, if an embedder is given.
    """

    minimum_length: int = MIN_SCORED_CHARACTERS
    near_duplicates: float = 0.8
    languages: tuple[str, ...] = ()
    tag_languages: bool = False
    overlap: bool = True
    similarity: float = SIMILARITY


@dataclass(frozen=True)
class Cleaning:
    """What became of n rows.

    Attributes:
        reasons: n, `KEPT` or why the row is removed: the first step that it fails.
        languages: n, the row's language if requested and not removed earlier, else "".
    """

    reasons: tuple[str, ...]
    languages: tuple[str, ...]

    @property
    def kept(self) -> npt.NDArray[np.intp]:
        """The kept rows, ascending."""
        return np.flatnonzero([reason == KEPT for reason in self.reasons])

    @property
    def counts(self) -> dict[str, int]:
        """Reason -> number of rows removed for it, the most frequent first."""
        return dict(Counter(reason for reason in self.reasons if reason != KEPT).most_common())


def clean(
    prompts: Sequence[str],
    keys: Sequence[Hashable] | None = None,
    settings: CleaningSettings | None = None,
    *,
    evaluation: Sequence[str] = (),
    embedder: Embedder | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Cleaning:
    """Decide for each row, in this order: length, duplicates, language, closeness to evaluation prompts.

    Args:
        prompts: n texts.
        keys: n values; only rows of equal keys can be duplicates, see `duplicates.py`. None: all equal.
        settings: what to remove; None for the defaults.
        evaluation: prompts that the trained router will be evaluated on.
        embedder: compares with them by meaning; None for no such comparison. Router features are not meaning:
            for the default router, use `embedder.static`.
        say: called with a progress line before each step.

    Raises:
        ImportError: a step needs the extra `clean`.
        ValueError: a setting is out of its range.
    """
    settings = settings or CleaningSettings()
    sieve = _Sieve(prompts, [None] * len(prompts) if keys is None else keys, say)
    short = f"shorter than {settings.minimum_length} characters"
    sieve.drop(short, lambda texts, _: [len(text.strip()) < settings.minimum_length for text in texts])
    sieve.drop("exact duplicate", exact_duplicates)
    if settings.near_duplicates != 1.0:
        sieve.drop("near-duplicate", lambda texts, k: near_duplicates(texts, k, settings.near_duplicates))
    if settings.languages or settings.tag_languages:
        sieve.drop("other language", lambda texts, _: sieve.tag(texts, settings.languages))
    if evaluation and settings.overlap:
        reason = f"overlaps with an evaluation prompt ({LENGTH} words in a row)"
        sieve.drop(reason, lambda texts, _: overlapping(texts, evaluation, either_way=True))
    if evaluation and embedder is not None:
        reason = f"similar to an evaluation prompt (cosine of {settings.similarity:g} or more)"
        sieve.drop(reason, lambda texts, _: similar_prompts(texts, evaluation, embedder, settings.similarity))
    return Cleaning(tuple(sieve.reasons), tuple(sieve.languages))


class _Sieve:
    """The rows as they pass through the steps; each step sees only the remaining ones."""

    def __init__(self, prompts: Sequence[str], keys: Sequence[Hashable], say: Callable[[str], None]) -> None:
        self._prompts, self._keys, self._say = prompts, keys, say
        self._left = list(range(len(prompts)))
        self.reasons = [KEPT] * len(prompts)
        self.languages = [""] * len(prompts)

    def drop(self, reason: str, find: Callable[[list[str], list[Hashable]], Marks | list[bool]]) -> None:
        self._say(f"searching for rows to drop: {reason}")
        marks = find([self._prompts[row] for row in self._left], [self._keys[row] for row in self._left])
        for row, marked in zip(self._left, marks, strict=True):
            if marked:
                self.reasons[row] = reason
        self._left = [row for row, marked in zip(self._left, marks, strict=True) if not marked]

    def tag(self, texts: list[str], wanted: tuple[str, ...]) -> list[bool]:
        found = languages(texts)
        for row, language in zip(self._left, found, strict=True):
            self.languages[row] = language
        return [bool(wanted) and language not in wanted for language in found]
