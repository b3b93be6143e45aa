"""Grade: how correct one answer is by a key, in [0, 1]; None if the text holds no answer."""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections.abc import Mapping, Sequence

# A possessive quantifier (followed by "+") never backtracks, so a run of spaces or brackets, which two parts
# of a pattern could share in many ways, takes linear time.

# "I think" does not begin with an option.
_LETTER = r"([A-HJ-Z]|I(?!['’]|\s+[a-z]))\b"

# Brackets, emphasis and TeX around a letter are skipped.
_OPENED = rf"[*_`$(\[{{]*+{_LETTER}"

_STATED = (
    # "The answer is (B)", "Answer: **B**", "the correct option is B"
    re.compile(rf"(?i:\b(?:answer|option|choice)(?:\s++is)?+\s*+:?+)\s*+[*$]*+(?:\\boxed)?+{_OPENED}"),
    re.compile(rf"\\boxed{_OPENED}"),
    # "so it is (B)": brackets distinguish the letter from an article
    re.compile(rf"(?i:\bis)(?:\s++|\s*+:\s++)(?=[(*]){_OPENED}"),
    re.compile(rf"{_LETTER}[*_`$)\]}}]*+\s++is\s++(?:the\s++)?+(?:correct|right|best)\b"),
)

# "B", "(B)", "B. Paris", "B) Paris", "**B**" at the start; "A cat sat" begins with an article.
_LEADING = re.compile(rf"\s*+{_OPENED}[*_`$)\]}}]*(?:\s*+$|\s*+[.):,]|[^\S\n]*+\n|(?<=[)*\]]))")

_NUMBER = re.compile(
    r"(?<![\w)])(?P<sign>[-−])?[$€£]?(?P<inner>[-−])?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?P<power>[eE][-+]?\d+)?"
)

_FINAL = re.compile(r"####(.*)|\\boxed\{([^{}]*)\}")

_ARTICLES = re.compile(r"\b(a|an|the)\b")

_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation, " "))

_OPTIONS = frozenset(string.ascii_uppercase)

_TESTS = re.compile(r"\s*(\d+)\s*/\s*(\d+)\s*")


def grade_choice(answer: str, expected: str) -> float | None:
    """Grade an answer to a multiple-choice question.

    The letter is the last one stated as the answer ("The answer is (B)"), else the one that the text begins
    with ("B", "(B) Paris", "B. Paris").

    Args:
        answer: a model's text.
        expected: one letter, such as "B" or "(b)".

    Raises:
        ValueError: `expected` is not a letter.
    """
    key = expected.strip(string.whitespace + string.punctuation).upper()
    if key not in _OPTIONS:
        raise ValueError("one letter")
    stated = [match for pattern in _STATED for match in pattern.finditer(answer)]
    match = max(stated, key=lambda match: match.end(1)) if stated else _LEADING.match(answer)
    alone = answer.strip(string.whitespace + string.punctuation)
    found = match.group(1) if match else alone.upper() if len(alone) == 1 else ""
    return float(found == key) if found in _OPTIONS else None


def grade_exact(answer: str, expected: str | Sequence[str]) -> float | None:
    """Grade by equality after normalization: case, punctuation, articles and white space are ignored.

    Args:
        answer: a model's text.
        expected: the right answer, or several right answers.

    Raises:
        ValueError: `expected` holds no text.
    """
    keys = {_normal(expected)} if isinstance(expected, str) else {_normal(key) for key in expected}
    if not keys - {""}:
        raise ValueError("text, or a list of texts")
    found = _normal(answer)
    return float(found in keys) if found else None


def grade_numeric(answer: str, expected: str | float) -> float | None:
    """Grade by the answer's number: after the last "####", in the last boxed part, else the last in the text.

    Numbers are compared as numbers, so "$1,000.00" is 1000; commas are read between thousands only.

    Args:
        answer: a model's text.
        expected: a number, or a text with one, such as a solution that ends in "#### 18".

    Raises:
        ValueError: `expected` holds no number.
    """
    key = _number(expected) if isinstance(expected, str) else float(expected)
    if key is None or not math.isfinite(key):
        raise ValueError("a number")
    found = _number(answer)
    return None if found is None else float(math.isclose(found, key, rel_tol=1e-6, abs_tol=1e-9))


def grade_tests(result: object) -> float:
    """Grade by unit tests: the share that passed.

    Args:
        result: true or false for all tests together, {"passed": p, "total": t}, or "p/t".

    Raises:
        ValueError: it is none of these, or more passed than there are.
    """
    if isinstance(result, bool):
        return float(result)
    counts: Sequence[object] = ()
    if isinstance(result, Mapping):
        counts = (result.get("passed"), result.get("total"))
    elif isinstance(result, str) and (match := _TESTS.fullmatch(result)):
        counts = (int(match[1]), int(match[2]))
    match counts:
        case (int(passed), int(total)) if 0 <= passed <= total and total > 0:
            return passed / total
    raise ValueError('true, false, "passed/total" or {"passed": ..., "total": ...}')


def _normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", folded).split())


def _number(text: str) -> float | None:
    # A part marked as the result comes first, unless it holds no number.
    marked = [part for match in _FINAL.findall(text) for part in match if part]
    for part, position in ((marked[-1], 0) if marked else ("", 0), (text, -1)):
        found = list(_NUMBER.finditer(part))
        if found:
            match = found[position]
            digits = match["digits"].replace(",", "") + (match["power"] or "")
            return -float(digits) if match["sign"] or match["inner"] else float(digits)
    return None
