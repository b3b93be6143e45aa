"""Follow-ups: whether a message leans on the conversation before it or asks something of its own.

The rule looks at short messages only, at words of three languages in one pass, and errs on the side of a
question of its own. How often it errs is in docs/scored_text.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from routellm_core.routing import follow_up_words as known

# A message of more characters says enough of its own; one of fewer says nothing unless it is a question.
_LONGEST, _SHORTEST = 100, 16
_MOST_WORDS = 12
_FEW_WORDS = 5

_CLAUSES = re.compile(r"[.!?,;:…¿¡\n]+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# What a message brings along: quoted text, code, numbers, formulas.
_BROUGHT = re.compile(r"[\d\"'“„«`=+*/<>{}()]|:\s*\S")


def leans(text: str) -> bool:
    """Return whether a message leans on what was said before it.

    It does where, after words such as "ok" and "thanks", one of these holds:

    - nothing is left, or only words without content ("go on", "why not?", "tell me more");
    - a word points back ("that", "the same", "instead", "noch ein", "lo mismo", "explícalo"), or a part of an
      answer is named ("the second step", "die dritte Zeile", "el último punto");
    - it begins as an addition does ("and the inverse?", "what about", "in French", "shorter");
    - it is a short order without an object of its own ("commit", "add tests");
    - it has fewer than 16 characters and is no question.

    A message of more than 100 characters or 12 words never leans, nor does one that announces a new subject.
    No more than 100 characters are ever looked at. The rule knows English, German and Spanish; a message in
    another language leans where it is shorter than 16 characters.

    Args:
        text: without white space around it.
    """
    if len(text) > _LONGEST:
        return False
    clauses = [_WORD.findall(clause) for clause in _CLAUSES.split(text.lower().replace("’", "'"))]
    clauses = [clause for clause in clauses if clause]
    words = [word for clause in clauses for word in clause]
    if len(words) > _MOST_WORDS or _holds(words, known.NEW_SUBJECTS):
        return False
    rest = _after_acknowledgement(clauses)
    if _is_light(rest) or _reacts(clauses) or _points_back(rest) or _names_a_part(rest):
        return True
    if _begins_as_an_addition(words, rest):
        return True
    brings = _BROUGHT.search(text) is not None
    if not brings and _orders_what_is_there(rest):
        return True
    return len(text) < _SHORTEST and not _asks_shortly(rest, brings)


def _reacts(clauses: Sequence[list[str]]) -> bool:
    return len(clauses) > 1 and all(word in known.REACTIONS for word in clauses[0])


def _after_acknowledgement(clauses: Sequence[list[str]]) -> list[str]:
    """Return the words behind "Ok, thanks!" and behind "and", "now" and "please"."""
    kept = [clause for clause in clauses if not all(word in known.ACKNOWLEDGEMENTS for word in clause)]
    words = [word for clause in kept for word in clause]
    start = 0
    while start < len(words) and words[start] in known.LEADING:
        start += 1
    return words[start:]


def _is_light(rest: Sequence[str]) -> bool:
    return all(word in known.LIGHT for word in rest)


def _points_back(rest: Sequence[str]) -> bool:
    if _holds(rest, known.BACKWARD_PHRASES) or not known.LATER_ADDITIONS.isdisjoint(rest[1:]):
        return True
    spanish = not known.SPANISH.isdisjoint(rest)
    for place, word in enumerate(rest):
        before = rest[place - 1] if place else ""
        after = rest[place + 1] if place + 1 < len(rest) else ""
        if word in known.BACKWARD and after not in known.TIMES and before not in known.LISTED:
            return True
        if word in known.PERSONS and place < 4:
            return True
        if word == "it" and not _is_expletive_it(before, rest[place + 1 :]):
            return True
        if word == "es" and not spanish and known.EXPLETIVE_ES.isdisjoint((before, after)):
            return True
        if word in ("that", "that's") and (place == 0 or not after or before in known.BEFORE_THAT):
            return True
        if word == "das" and (not after or after in known.AFTER_DAS):
            return True
        if word.endswith(known.ENCLITICS) and _is_enclitic(word):
            return True
    return bool(rest) and (rest[-1] in known.BACKWARD_LAST or rest[0] in known.BACKWARD_FIRST)


def _is_expletive_it(before: str, after: Sequence[str]) -> bool:
    """Return whether "it" stands for nothing, as in "what time is it" and "how long does it take to"."""
    if before in ("is", "was"):
        return bool(after) and (
            after[0] in ("in", "now", "today") or not {"to", "that", "if"}.isdisjoint(after)
        )
    return before in ("does", "did", "will", "would") and bool(after) and after[0] in known.AFTER_EXPLETIVE_IT


def _is_enclitic(word: str) -> bool:
    # "explícalo", "hazlo", "hacerlo": an accent, or an infinitive or imperative that takes none.
    return word in known.PLAIN_ENCLITICS or word[:-2].endswith("r") or not known.ACCENTS.isdisjoint(word[:-2])


def _names_a_part(rest: Sequence[str]) -> bool:
    for place, word in enumerate(rest[:-1]):
        after = rest[place + 1]
        if word in known.ORDINALS and after in known.PARTS:
            return True
        if word in known.NUMBERED and after.isdecimal():
            return True
        if word in known.DEFINITE and after in known.OUTCOMES and _is_complete(rest[place + 2 :]):
            return True
    return False


def _is_complete(behind: Sequence[str]) -> bool:
    """Return whether nothing behind a noun says which one is meant."""
    return known.COMPLEMENTS.isdisjoint(behind)


def _begins_as_an_addition(words: Sequence[str], rest: Sequence[str]) -> bool:
    if " ".join(("", *rest, "")).startswith(known.ADDITIONS):
        return True
    asks = rest[0] in known.QUESTION_WORDS or rest[0] in known.QUESTION_VERBS
    added = next((word for word in words if word not in known.ACKNOWLEDGEMENTS), "") in known.CONJUNCTIONS
    if added and not asks:
        return True
    if rest[0] in known.PREPOSITIONS and len(rest) < _FEW_WORDS:
        return known.QUESTION_WORDS.isdisjoint(rest)
    return rest[0] in known.DEGREES and len(rest) <= _FEW_WORDS


def _orders_what_is_there(rest: Sequence[str]) -> bool:
    if rest[0] in known.QUESTION_WORDS:
        return False
    if rest[0] in known.CONTINUATIONS or (len(rest) <= _FEW_WORDS and not known.ACTIONS.isdisjoint(rest)):
        return True
    if rest[0] not in known.ORDERS or not _is_complete(rest[1:]):
        return False
    return len(rest) <= _FEW_WORDS and (
        rest[1:2] == [] or rest[1] in known.DEFINITE or rest[0] in known.EDITS
    )


def _asks_shortly(rest: Sequence[str], brings: bool) -> bool:
    """Return whether a message of few characters asks something: "What is DNA?", "Add 17 and 25"."""
    return len(rest) > 1 and (rest[0] in known.QUESTION_WORDS or (brings and len(rest) > 2))


def _holds(words: Sequence[str], phrases: Sequence[str]) -> bool:
    """Return whether words hold one of some phrases, which have a space at either end."""
    text = " ".join(("", *words, ""))
    return any(phrase in text for phrase in phrases)
