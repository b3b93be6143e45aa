"""Token sums: the same tokens as the tokenizer's own, word by word, and a memory that stays small."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.embedders import token_sums
from routellm_core.embedders.default_router import PromptEmbedder
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.text import clipped
from routellm_core.embedders.token_sums import LONGEST_WORD, TokenSums
from routellm_core.embedders.word_pieces import words_of
from routellm_core.preferences.reading.prompts import read_prompts
from routellm_core.routers.additive import AdditiveRouter

ODD = [
    "",
    " \n\t ",
    "What is 2+2?",
    "don't, can't; e.g. U.S.A. (1999-2000)",
    "antidisestablishmentarianism unbelievably",
    "x" * 99 + " " + "x" * 100 + " " + "x" * 101,
    "a" * 20_000,
    "tab\tand\rreturn\r\nand\x0bvertical",
    "nul\0inside de\x7flete \x1c separators",
    "na\u00efve caf\u00e9 \u65e5\u672c",
    "[UNK] [PAD] ##ing #### [CLS]",
    "https://example.org/a_b?c=d&e=%20#f",
    "\ud800 lone",
]


@pytest.fixture(scope="module")
def static() -> StaticEmbedder:
    router = load_router("default")
    assert isinstance(router, AdditiveRouter)
    assert isinstance(router.embedder, PromptEmbedder)
    return router.embedder.static


def by_word(static: StaticEmbedder, text: str) -> list[int] | None:
    words, pieces = words_of(clipped(text)), static.word_pieces
    assert pieces is not None
    return None if words is None else static.known([id for word in words for id in pieces.cut(word)])


def random_texts(count: int) -> list[str]:
    rng = random.Random(0)
    printable = [chr(code) for code in range(32, 127)]
    return ["".join(rng.choices([*printable, "\n", "\x01"], k=rng.randrange(60))) for _ in range(count)]


def test_words_are_cut_as_the_tokenizer_cuts_the_text(static: StaticEmbedder) -> None:
    compared = 0
    for text in ODD + random_texts(3000):
        ids = by_word(static, text)
        if ids is not None:
            compared += 1
            assert ids == static.token_ids(text), repr(text)

    assert compared > 1000


@pytest.mark.parametrize("name", ["arena_battles", "mmlu_gold_labels"])
def test_words_are_cut_as_the_tokenizer_cuts_real_prompts(
    static: StaticEmbedder, data_folder: Path, name: str
) -> None:
    for text in list(read_prompts(data_folder / "train" / f"{name}.jsonl.gz"))[:1500]:
        ids = by_word(static, text)
        assert ids is None or ids == static.token_ids(text), repr(text)


@pytest.mark.parametrize("text", ["nul\0inside", "de\x7flete", "caf\u00e9", "\u65e5\u672c", "\x1c"])
def test_what_is_not_printable_ascii_is_left_to_the_tokenizer(text: str) -> None:
    assert words_of(text) is None


def test_sum_and_number_are_those_of_the_known_tokens(static: StaticEmbedder) -> None:
    direction = np.random.default_rng(0).standard_normal(static.dimension)
    sums = TokenSums(static, static.projections(direction[None])[0].tolist())
    for text in ODD:
        found = sums(clipped(text))
        assert found.imag == len(static.token_ids(text))
        mean = found.real / found.imag if found.imag else 0.0
        assert mean == pytest.approx(float(static.embed([text])[0] @ direction), abs=1e-5)
        # A second time, from memory.
        assert sums(clipped(text)) == found


def test_the_memory_is_bounded_and_left_out_of_pickles(
    static: StaticEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = TokenSums(static, static.projections(np.ones((1, static.dimension)))[0].tolist())
    monkeypatch.setattr(token_sums, "MAX_WORDS", 10)
    first = sums("river")
    for number in range(100):
        sums(f"word{number} " + "y" * (LONGEST_WORD + 1))
        assert sums._words is not None
        assert len(sums._words) <= 10
        assert max(map(len, sums._words)) <= LONGEST_WORD

    assert sums("river") == first
    assert b"word99" not in pickle.dumps(sums)
    assert pickle.loads(pickle.dumps(sums))("river") == first


def test_another_kind_of_tokenizer_is_used_whole(static: StaticEmbedder) -> None:
    described = json.loads(static.tokenizer_json)
    described["normalizer"]["lowercase"] = False
    cased = StaticEmbedder(json.dumps(described).encode(), static.table, static.scales)
    sums = TokenSums(cased, cased.projections(np.ones((1, cased.dimension)))[0].tolist())

    assert cased.word_pieces is None
    assert sums("Paris paris").imag == len(cased.token_ids("Paris paris"))
