"""The words that carry a text's meaning: the stand-in's whole understanding of language."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]{2,}|\d+|[^\W\d_a-zA-Z]+")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """a an the and or but for with this that these those from to in on at by of as is are was were be
        been it its into what who how when where which why do does did has have had can could should would
        will you your me my we our they their not no any all some about please""",
    )
)


def content_words(text: str) -> list[str]:
    """The text's words in lower case without plural endings, the common ones left out; in order."""
    words = (_stem(word.lower()) for word in _WORD.findall(text))
    return [word for word in words if len(word) > 1 and word not in _COMMON]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
