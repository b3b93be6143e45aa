"""Stuffed prompts: the question that a retrieval template places beside its passages.

A prompt counts as stuffed if it holds a question under its own label and says, before the passages, that they
are context. Fixed words are searched for, each a bounded number of times, and of a very long prompt only both
ends are read, so that it costs a millisecond or two.
"""

from __future__ import annotations

import re
from typing import NamedTuple

QUESTION_WORDS = (
    *("question", "query", "user input", "user request"),
    *("frage", "anfrage", "pregunta", "consulta", "pergunta", "domanda", "requête", "问题", "問題", "質問"),
)
CONTEXT_WORDS = (
    *("context", "document", "passage", "source", "excerpt", "retrieved", "search result", "snippet"),
    *("kontext", "dokument", "contexte", "contexto", "contesto", "上下文", "文档", "文脈"),
)
ANSWER_WORDS = (
    *("answer", "response", "output", "antwort", "réponse", "respuesta", "resposta", "risposta"),
    *("答案", "回答"),
)

# "Here is the user question: ..." is a label; a sentence that mentions a question is not.
_LONGEST_LABEL = 48
# A template's instruction is at the head of the prompt, before the inserted text.
_INSTRUCTION = 600
_COLONS = (":", "：")
_MARKS = re.compile("[:：#<]")
# Most occurrences of one word examined from either end of a prompt.
_TRIES = 200
# Characters that are read at either end of a prompt: an event loop may wait for it.
_READ = 50_000


class _Label(NamedTuple):
    """Where a label's line begins, and where its content begins."""

    line: int
    section: int


def stuffed_question(text: str) -> str | None:
    r"""Return the question of a prompt made from a retrieval template; None for any other text.

    The rule: a line such as "Question: ..." (also "User query:", "## Question", "**Frage:**" or a
    `<question>` element) and, before the passages, a line that ends in a word such as "context:", a
    `<context>` element, or an instruction in the first 600 characters that speaks of context, documents,
    passages or sources. The question is what follows its last label, without a closing "Answer:"; if the
    passages come below the question, it ends where they begin.

    ```python
    stuffed_question("Answer from this context:\n...\n\nQuestion: What is a monad?\nAnswer:")
    # 'What is a monad?'
    ```
    """
    if len(text) > 2 * _READ:
        # Templates put their labels at the ends, and the passages between them.
        text = f"{text[:_READ]}\n{text[-_READ:]}"
    # Most of what people write has no mark that a label ends in.
    if not _MARKS.search(text):
        return None
    lowered = text.lower()
    if len(lowered) != len(text) or not any(word in lowered for word in CONTEXT_WORDS):
        return None
    question = _first(lowered, QUESTION_WORDS)
    if question is None:
        return None
    context = _first(lowered, CONTEXT_WORDS)
    if context is not None and context.line > question.line:
        return _section(text, question.section, context.line)
    instruction = lowered[: min(question.line, _INSTRUCTION)]
    if context is not None or any(word in instruction for word in CONTEXT_WORDS):
        return _section(text, (_last(lowered, QUESTION_WORDS) or question).section, len(text))
    return None


def _first(lowered: str, words: tuple[str, ...]) -> _Label | None:
    """Return the first label that ends in one of the words."""
    found = []
    for word in words:
        place = -1
        for _ in range(_TRIES):
            place = lowered.find(word, place + 1)
            if place < 0:
                break
            if (label := _label_at(lowered, place, place + len(word))) is not None:
                found.append(label)
                break
    return min(found, default=None)


def _last(lowered: str, words: tuple[str, ...]) -> _Label | None:
    """Return the last label that ends in one of the words."""
    found = []
    for word in words:
        place = len(lowered)
        for _ in range(_TRIES):
            place = lowered.rfind(word, 0, place)
            if place < 0:
                break
            if (label := _label_at(lowered, place, place + len(word))) is not None:
                found.append(label)
                break
    return max(found, default=None)


def _label_at(lowered: str, begin: int, end: int) -> _Label | None:
    """Return the label that ends with a word, from the beginning of its line; None if there is none."""
    earliest = max(0, begin - _LONGEST_LABEL)
    line = lowered.rfind("\n", earliest, begin) + 1 or (0 if earliest == 0 else -1)
    if line < 0:
        # An instruction's line may end in "context:", however long it is.
        line = begin
    before = lowered[line:begin]
    if before.endswith(("<", "</")):
        closing = lowered.find(">", end, end + 2)
        return _Label(line, closing + 1) if closing >= 0 and before.endswith("<") else None
    if before and before[-1].isalnum() and before[-1].isascii():
        return None
    rest = lowered[end : end + 8].removeprefix("s").lstrip(" \t*_")
    after = end + (len(lowered[end : end + 8]) - len(rest))
    if rest.startswith(_COLONS):
        return _Label(line, after + 1)
    is_heading = before.strip(" \t").startswith("#") and (not rest.strip(" \t") or rest.startswith("\n"))
    return _Label(line, after) if is_heading else None


def _section(whole: str, begin: int, end: int) -> str | None:
    """Return a section's text without its decoration and a closing label for the answer."""
    text = whole[begin:end]
    if whole[begin - 1] == ">":
        text = text.partition("</")[0]
    text = text.strip().strip("*_ \t")
    head, _, last = text.rpartition("\n")
    words = last.strip(" \t*_#`").lower()
    label = words.rstrip(":： *_")
    is_label = label != words or last.lstrip().startswith("#")
    if is_label and label.endswith(ANSWER_WORDS) and len(label) <= _LONGEST_LABEL:
        text = head.strip()
    return text or None
