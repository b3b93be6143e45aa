"""Scripts that put no space between words: Chinese, Japanese, Thai, Lao."""

from __future__ import annotations

import re

UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def is_unspaced(unit: str) -> bool:
    """Return whether a text has characters of such scripts only, and at least one."""
    return UNSPACED.fullmatch(unit) is not None


def is_unspaced_word(word: str) -> bool:
    """Return whether a word has any character of such a script."""
    return UNSPACED.search(word) is not None
