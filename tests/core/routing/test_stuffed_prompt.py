"""The question of a retrieval prompt is found by its label, and nothing is taken for one that is not."""

from __future__ import annotations

import time

import pytest

from routellm_core.routing.stuffed_prompt import stuffed_question

ASKED = "What is a monad?"
PASSAGES = "Monads are described here.\nQuestion: is this one of the passages?\nMore about documents."

STUFFED = {
    "the retrieval prompt of the hub": (
        "You are an assistant for question-answering tasks. Use the following pieces of retrieved context to "
        "answer the question. If you don't know the answer, just say that you don't know.\n"
        f"Question: {ASKED} \nContext: {PASSAGES} \nAnswer:"
    ),
    "the default of stuff chains": (
        "Use the following pieces of context to answer the question at the end. Don't make up an answer.\n\n"
        f"{PASSAGES}\n\nQuestion: {ASKED}\nHelpful Answer:"
    ),
    "the tutorial's": (
        f"Answer the question based only on the following context:\n{PASSAGES}\n\nQuestion: {ASKED}\n"
    ),
    "two labels": f"Context:\n{PASSAGES}\n\nQuestion: {ASKED}",
    "elements": f"<context>\n{PASSAGES}\n</context>\n\n<question>{ASKED}</question>\nBe brief.",
    "headings": f"# Context\n{PASSAGES}\n\n# Question\n{ASKED}\n\n# Answer\n",
    "bold": f"**Context:** {PASSAGES}\n\n**Question:** {ASKED}",
    "German": f"Beantworte die Frage mit diesem Kontext:\n{PASSAGES}\n\nFrage: {ASKED}\nAntwort:",
    "Chinese": f"已知上下文：{PASSAGES}\n\n问题：{ASKED}\n回答：",
    "one line": f"Context: a hard one. Question: {ASKED}",
    "documents": f"Given these documents:\n{PASSAGES}\n\nUser query: {ASKED}",
    "several lines": f"Context: {PASSAGES}\nQuestion: {ASKED}",
}

OTHERS = {
    "no passages": "Question: what is 2 + 2?\nAnswer:",
    "no label": "I have a question about context managers in Python: how do they work?",
    "programming": "Read my source code.\nInput: 3\nOutput: 4",
    "a question that speaks of a source": "Question: which source of energy is renewable?\nA. coal\nB. wind",
    "no question": "Context: we are a small company that makes documents.\nWrite a letter.",
    "an empty label": "Context: something.\nQuestion:",
}


@pytest.mark.parametrize("name", STUFFED)
def test_the_question_of_a_retrieval_prompt(name: str) -> None:
    assert stuffed_question(STUFFED[name]) == ASKED


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_retrieval_prompt(name: str) -> None:
    assert stuffed_question(OTHERS[name]) is None


def test_a_question_of_several_lines_is_kept_whole() -> None:
    asked = "Why does this fail?\n\n    raise ValueError('no </b>')"
    assert stuffed_question(f"Context: documents.\n\nQuestion: {asked}\n\nAnswer:") == asked


@pytest.mark.parametrize(
    "piece", ["question", "question:", "\nquestion: context:\n", "<question>", "</question>"]
)
def test_a_long_prompt_takes_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece)) + "context"
        before = time.thread_time()
        stuffed_question(text)
        return time.thread_time() - before

    assert any(seconds(800_000) < 8 * seconds(200_000) + 0.01 for _ in range(3))


def test_of_a_very_long_prompt_both_ends_are_read() -> None:
    passages = "A passage.\n" * 100_000
    assert (
        stuffed_question(f"Context:\n{passages}\nQuestion: What is a monad?\nAnswer:") == "What is a monad?"
    )
    assert stuffed_question(f"Question: What is a monad?\nContext:\n{passages}") == "What is a monad?"
    asked = f"Use the documents.\n{passages}\nQuestion: What is a monad?"
    assert stuffed_question(asked) == "What is a monad?"
    # An event loop waits for this: what stands in the middle of a megabyte is not looked for.
    assert stuffed_question(f"{passages}\nContext:\nQuestion: What is a monad?\n{passages}") is None
