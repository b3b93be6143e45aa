"""What says nothing of how hard a prompt is, and shapes without it."""

from __future__ import annotations

import pytest

from routellm_core.embedders.decorations import undecorated
from routellm_core.embedders.shape import FEATURES, shape_of
from routellm_core.embedders.word_shapes import DECORATION, WordShapes, is_decoration, packed, unpacked

TEXT = "Where can I see the status of my refund?"


@pytest.mark.parametrize(
    "word", ["48213-B", "2024-03-12", "$49.90", "a@example.com", "Thanks!", "Hi,", "😊", "❤️"]
)
def test_decorations(word: str) -> None:
    assert is_decoration(word)
    assert packed(word) >= DECORATION


@pytest.mark.parametrize("word", ["refund?", "平均分给4个班", "naïve", "high", "..."])
def test_what_is_none(word: str) -> None:
    assert not is_decoration(word)
    assert packed(word) < DECORATION


@pytest.mark.parametrize(
    "decorated",
    [
        f"{TEXT} (order 48213-B)",
        f"[ticket 55120] {TEXT}",
        f"{TEXT} (2024-03-12)",
        f"{TEXT} https://example.com/a?b=1",
        f"Hi, {TEXT} Thanks!",
        f"{TEXT} 😊",
        f"{TEXT} Call me at +1 555 0142.",
        f"{TEXT} Order 48213.",
    ],
)
def test_a_shape_without_decorations_is_the_plain_texts(decorated: str) -> None:
    features = dict(zip(FEATURES, undecorated(shape_of(decorated)).features, strict=True))
    assert features == dict(zip(FEATURES, shape_of(TEXT).features, strict=True))


@pytest.mark.parametrize("text", [TEXT, "", "f(x1) = 3", "Explain P(wait > 20 s) for 14 agents, 62 calls."])
def test_brackets_of_formulas_and_plain_texts_stay(text: str) -> None:
    assert undecorated(shape_of(text)).text == text


def test_a_text_of_decorations_alone_has_no_words_left() -> None:
    assert undecorated(shape_of("48213 https://example.com Thanks!")).words == []


@pytest.mark.parametrize(
    "text",
    [
        "Hi, is order 48213-B (from 2024-03-12) late? Thanks! Call me at +1 555 0142.",
        "f(x1) = 3; \u5e73\u5747\u5206\u7ed94\u4e2a\u73ed 12 \U0001f60a na\u00efve?",
        "1 2 3",
    ],
)
def test_what_is_left_out_is_left_out_of_the_counts(text: str) -> None:
    plain = undecorated(shape_of(text))
    assert plain.counts == unpacked(WordShapes().total(plain.words))
