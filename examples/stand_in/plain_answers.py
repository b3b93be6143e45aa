"""Short texts for prompts without tools: sums, the best sentence of a given context, or an echo."""

from __future__ import annotations

import operator
import re

from examples.stand_in.prompt import Prompt
from examples.stand_in.words import content_words

_SUM = re.compile(r"(-?\d+(?:\.\d+)?)\s*([-+*/×x])\s*(-?\d+(?:\.\d+)?)")
_OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "×": operator.mul, "x": operator.mul}
_QUESTION = re.compile(
    r"^\s*(?:Query|Question|User question|The original query is as follows):\s*(.+)$", re.MULTILINE
)
_RULE = re.compile(r"^-{4,}$|^file_path:.*$|^page_label:.*$", re.MULTILINE)


def plain_answer(prompt: Prompt) -> str:
    """The answer's words, without the model's name."""
    question, context = question_and_context(prompt)
    if context:
        sentence = best_sentence(context, question)
        if sentence:
            return sentence
    found = _SUM.search(question)
    if found:
        return _sum(*found.groups())
    words = question.split()
    shown = " ".join(words[:12]) + (" ..." if len(words) > 12 else "")
    return f"In short: {shown}" if shown else "There is nothing to answer."


def question_and_context(prompt: Prompt) -> tuple[str, str]:
    """What is asked, and the text it is asked about where a retrieval prompt holds one."""
    asked = _QUESTION.findall(prompt.user)
    question = asked[-1].strip() if asked else prompt.user
    context = prompt.user if asked else ""
    if "context" in prompt.system.lower():
        context += "\n" + prompt.system
    return question, context


def best_sentence(context: str, question: str) -> str:
    """The sentence that shares most words with the question; empty when none shares any."""
    wanted = set(content_words(question))
    sentences = re.split(r"(?<=[.!?])\s+|\n+", _RULE.sub("\n", context))
    candidates = [sentence.strip() for sentence in sentences if question not in sentence]
    best = max(candidates, key=lambda sentence: _overlap(wanted, sentence), default="")
    return best if _overlap(wanted, best) > 0 else ""


def _overlap(wanted: set[str], sentence: str) -> float:
    found = set(content_words(sentence))
    return len(wanted & found) / (len(found) + 4)


def _sum(left: str, sign: str, right: str) -> str:
    first, second = float(left), float(right)
    if sign == "/":
        return f"{first / second:g}" if second else "Division by zero has no result."
    return f"{_OPERATORS[sign](first, second):g}"
