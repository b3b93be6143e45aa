"""A long text is tokenised in parts and a long word in few steps, and neither changes what comes out."""

import random
from typing import Any

import pytest

from routellm_core import load_router
from routellm_core.embedders import word_pieces
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.word_pieces import PART_CHARACTERS, parts_of

PIECES = [*" \n\t-.?\x1c\x00\u0301\xad\u200b", *"é漢。¿😀aﬃ", "zq", "word"]


@pytest.fixture(scope="module")
def static() -> StaticEmbedder:
    router: Any = load_router("default")
    embedder: StaticEmbedder = router.embedder.static
    return embedder


def tokens(static: StaticEmbedder, text: str) -> list[int]:
    ids: list[int] = static.tokenizer.encode(text, add_special_tokens=False).ids
    return ids


def test_a_text_in_parts_has_the_same_tokens(static: StaticEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_pieces, "PART_CHARACTERS", 8)
    chance = random.Random(0)
    for _ in range(2_000):
        text = "".join(chance.choices(PIECES, k=60))
        parts = list(parts_of(text))

        assert "".join(parts) == text
        assert [id for part in parts for id in tokens(static, part)] == tokens(static, text)


def test_no_part_is_long_where_the_text_has_words() -> None:
    for between in (" ", "。", "漢", ", "):
        parts = list(parts_of(("word" + between) * 2_000))

        assert max(map(len, parts)) <= PART_CHARACTERS + len("word" + between)


def test_a_long_word_is_cut_as_the_tokenizer_cuts_it(static: StaticEmbedder) -> None:
    pieces = static.word_pieces
    assert pieces is not None
    chance = random.Random(0)
    for _ in range(2_000):
        word = "".join(chance.choices("zqxjaein", k=chance.randrange(1, 100)))

        assert pieces.cut(word) == tokens(static, word)
