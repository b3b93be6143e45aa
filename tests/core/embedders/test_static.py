"""The static embedder on a small vocabulary: sums, bounds, and every kind of text."""

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from routellm_core.embedders.static import PARALLEL_FROM, StaticEmbedder
from routellm_core.embedders.text import CHARACTER_LIMIT, clipped

from tests.core.bert_tokenizer import tokenizer_file

VOCABULARY = {"[PAD]": 0, "[UNK]": 1, "red": 2, "green": 3, "blue": 4, "##ish": 5, "?": 6}


def tokenizer_json() -> bytes:
    cut = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    return json.dumps(tokenizer_file(VOCABULARY, truncation=cut)).encode()


@pytest.fixture
def embedder() -> StaticEmbedder:
    table = np.zeros((len(VOCABULARY), 3), np.int8)
    table[[0, 1]] = 99  # padding and unknown would show, if they counted
    table[2], table[3], table[4], table[5], table[6] = (
        [100, 0, 0],
        [0, 100, 0],
        [0, 0, 100],
        [50, 50, 0],
        [0, 1, 1],
    )
    scales = np.array([0, 0, 0.03, 0.04, 0.01, 0.01, 0.01], np.float32)
    return StaticEmbedder(tokenizer_json(), table, scales)


def test_a_prompt_is_the_weighted_mean_of_its_known_tokens(embedder: StaticEmbedder) -> None:
    # 3·(1,0,0) and 4·(0,1,0)
    assert embedder.embed(["red green"])[0] == pytest.approx([1.5, 2.0, 0.0])
    assert embedder.embed(["RED, unheard of, Green"])[0] == pytest.approx([1.5, 2.0, 0.0])
    assert embedder.embed(["redish"])[0] == pytest.approx([1.75, 0.25, 0.0])


def test_projections_are_the_tokens_own(embedder: StaticEmbedder) -> None:
    directions = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]])

    projections = embedder.projections(directions)

    assert projections[0].real == pytest.approx([0, 0, 3.0, 0, 0, 0.5, 0])
    assert projections[1].real == pytest.approx([0, 0, 0, 4.0, -1.0, 0.5, 0])
    assert projections.imag.tolist() == [[0, 0, 1, 1, 1, 1, 1]] * 2


def test_order_and_repetition_of_the_whole_do_not_matter(embedder: StaticEmbedder) -> None:
    once, swapped, twice = embedder.embed(["red blue", "blue red", "red blue red blue"])

    assert swapped == pytest.approx(once)
    assert twice == pytest.approx(once)


@pytest.mark.parametrize(
    "text", ["", " \n", "unheard", "\0\x01\x7f", "日本語", "🏳️‍🌈", "[PAD] [UNK]", "\u200f"]
)
def test_a_text_without_known_tokens_is_the_zero_vector(embedder: StaticEmbedder, text: str) -> None:
    assert embedder.embed([text]).tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("text", ["red \ud800", "\udfffred", "red\0", "re\x00d", "\ufeffred", "red日本語"])
def test_odd_characters_leave_the_rest_readable(embedder: StaticEmbedder, text: str) -> None:
    row = embedder.embed([text])[0]

    assert np.isfinite(row).all()
    assert row[0] > 0.9


def test_of_a_long_text_head_and_tail_are_read(embedder: StaticEmbedder) -> None:
    middle = "blue " * CHARACTER_LIMIT
    assert embedder.embed(["red " * 2000 + middle + "green " * 400])[0] == pytest.approx(
        embedder.embed([clipped("red " * 2000 + middle + "green " * 400)])[0]
    )
    assert embedder.embed(["red " * 2000 + middle + "green " * 400])[0][2] == 0.0
    assert len(clipped("x" * 10**6)) == CHARACTER_LIMIT + 1
    assert clipped("x" * CHARACTER_LIMIT) == "x" * CHARACTER_LIMIT


def test_a_batch_gives_the_same_bits_as_one_by_one(embedder: StaticEmbedder) -> None:
    rng = np.random.default_rng(0)
    texts = [
        " ".join(rng.choice(["red", "green", "blueish", "odd", "?"], size=k % 9))
        for k in range(PARALLEL_FROM)
    ]

    assert (embedder.embed(texts) == np.vstack([embedder.embed([text]) for text in texts])).all()
    assert embedder.embed([]).shape == (0, 3)


def test_threads_may_share_one(embedder: StaticEmbedder) -> None:
    texts = ["red green", "blue", "redish ?"] * 50
    alone = embedder.embed(texts)
    fresh = pickle.loads(pickle.dumps(embedder))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: fresh.embed(texts), range(16)))

    assert all((result == alone).all() for result in results)


def test_copies_embed_the_same(embedder: StaticEmbedder) -> None:
    embedder.embed(["red"])
    for twin in (copy.copy(embedder), copy.deepcopy(embedder), pickle.loads(pickle.dumps(embedder))):
        assert (twin.embed(["red green"]) == embedder.embed(["red green"])).all()


def test_parts_that_do_not_fit_are_refused() -> None:
    table, scales = np.zeros((7, 3), np.int8), np.zeros(7, np.float32)
    with pytest.raises(ValueError, match=r"table is float64 of shape \(7, 3\), expected int8"):
        StaticEmbedder(tokenizer_json(), table.astype(float), scales)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"scales has shape \(6,\), expected \(7,\)"):
        StaticEmbedder(tokenizer_json(), table, scales[:6])
