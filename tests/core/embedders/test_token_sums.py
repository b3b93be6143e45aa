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


SCRIPTS = {
    "ascii": [chr(code) for code in range(1, 128)],
    "accents": [
        *"aeiouAEIOU\u00e9\u00fc\u0130\u0131\u00df\u1e9e\u03a3\u03c2\u03c3\u01c5",
        *map(chr, range(0x300, 0x370)),
    ],
    "greek and cyrillic": [chr(code) for code in range(0x370, 0x530)],
    "right to left": [chr(code) for code in range(0x590, 0x700)],
    "indic and thai": [chr(code) for code in range(0x900, 0xE80)],
    "hangul": [*map(chr, range(0x1100, 0x1200)), *map(chr, range(0xAC00, 0xAD00))],
    "ideographs": [
        *map(chr, range(0x3400, 0x3410)), *map(chr, range(0x4DB0, 0x4E20)), *map(chr, range(0x9F90, 0xA000)),
        *map(chr, range(0xF900, 0xF920)), *map(chr, range(0x20000, 0x20010)),
        *map(chr, range(0x2F800, 0x2F820)),
    ],
    "kana": [*map(chr, range(0x3000, 0x3130)), *map(chr, range(0xFF00, 0xFFA0))],
    "emoji": [
        *"\u200d\ufe0f\U0001f468\U0001f469\U0001f3fd\U0001f1e9\u2764#1", *map(chr, range(0x1F600, 0x1F640)),
    ],
    "invisible": [
        *map(chr, range(0x20)), *map(chr, range(0x7F, 0xA1)), *map(chr, range(0x2000, 0x2070)),
        *"\xad\u1680\u180e\u3000\ufeff\ufffd\ufffe\ue000\U000e0020",
    ],
    "anything": [chr(code) for code in [*range(1, 0xD800, 23), *range(0xE000, 0x30000, 23)]],
}  # fmt: skip
"""Characters to make words of, by what may go wrong."""

SPACES = [" ", "  ", "\n", "\t", "\r\n", "\xa0", "\u2028", "\u3000"]


def random_text(rng: random.Random) -> str:
    words = []
    for _ in range(rng.randrange(12)):
        script = SCRIPTS[rng.choice(list(SCRIPTS))] + SCRIPTS["invisible"] * (rng.random() < 0.1)
        length = rng.randrange(90, 120) if rng.random() < 0.03 else rng.randrange(1, 9)
        words.append("".join(rng.choices(script, k=length)))
        words.append(rng.choice(["", rng.choice(SPACES)]))
    return "".join(words)


@pytest.fixture(scope="module")
def strict(static: StaticEmbedder) -> StaticEmbedder:
    """The same tokenizer, of which the unknown token counts too."""
    return StaticEmbedder(static.tokenizer_json, static.table, np.ones_like(static.scales))


@pytest.fixture(scope="module")
def counting(strict: StaticEmbedder) -> TokenSums[int]:
    """Sums that tell tokens apart: each adds a power of two."""
    return TokenSums(strict, [2 ** (id % 4096) for id in range(len(strict.table))])


def assert_same_tokens(counting: TokenSums[int], strict: StaticEmbedder, text: str) -> None:
    """Hold the sum to that of the tokens into which the tokenizer cuts the whole text."""
    read = clipped(text)
    ids = strict.tokenizer.encode(read, add_special_tokens=False).ids
    # Twice, the second time from memory.
    assert counting(read) == counting(read) == sum(2 ** (id % 4096) for id in ids), ascii(text)


def test_words_have_the_tokens_of_the_text(strict: StaticEmbedder, counting: TokenSums[int]) -> None:
    rng = random.Random(0)
    for text in [*ODD, *(random_text(rng) for _ in range(3_000))]:
        assert_same_tokens(counting, strict, text)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_character_between_letters_has_its_tokens(
    strict: StaticEmbedder, counting: TokenSums[int], script: str
) -> None:
    for character in SCRIPTS[script]:
        assert_same_tokens(counting, strict, f"Ab{character}cD {character}e {character} f{character}")


@pytest.mark.parametrize("name", ["arena_battles", "mmlu_gold_labels"])
def test_words_of_real_prompts_have_their_tokens(
    strict: StaticEmbedder, counting: TokenSums[int], data_folder: Path, name: str
) -> None:
    for text in list(read_prompts(data_folder / "train" / f"{name}.jsonl.gz"))[:1500]:
        assert_same_tokens(counting, strict, text)


def test_words_of_languages_are_looked_up_and_not_cut_again(
    static: StaticEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "na\u00efve caf\u00e9 \u65e5\u672c\u8a9e \u043c\u0438\u0440 Tr\u00e4ume"
    sums = TokenSums(static, static.projections(np.ones((1, static.dimension)))[0].tolist())
    first = sums(text)
    monkeypatch.setattr(StaticEmbedder, "token_ids", None)

    assert sums(text + " " + text) == 2 * first


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
