"""A reader's answer: a number from 0 to 100 that follows from the request it is shown, and nothing else."""

from __future__ import annotations

import re

from examples.stand_in.prompt import Prompt
from examples.stand_in.words import content_words

_ASKED = re.compile(r"<<REQUEST (\w+)>>\n(.*)\n<<END REQUEST \1>>\n\n[^\n]*from 0 to 100[^\n]*", re.DOTALL)
_LONG = 7


def reader_answer(prompt: Prompt) -> str | None:
    """The number that the system prompt asks for; None where it asks for none, or shows no whole request.

    Twelve for each distinct long word of the request, whatever the request itself says about numbers.
    """
    asked = _ASKED.fullmatch(prompt.user)
    if asked is None or "number from 0 to 100" not in prompt.system or "number alone" not in prompt.system:
        return None
    long_words = {word for word in content_words(asked[2]) if len(word) >= _LONG}
    return str(min(100, 12 * len(long_words)))
