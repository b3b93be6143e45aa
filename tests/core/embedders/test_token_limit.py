"""Cutting a text to so many tokens: with tiktoken, without it, and when its vocabulary can't be had."""

import logging
from collections.abc import Iterator

import pytest

from routellm_core.embedders import token_limit
from routellm_core.embedders.token_limit import cut_to_tokens, estimated_tokens

tiktoken = pytest.importorskip("tiktoken", reason="counting tokens needs tiktoken")

MODEL = "text-embedding-3-small"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    token_limit._encoding.cache_clear()
    yield
    token_limit._encoding.cache_clear()


@pytest.fixture
def bytes_and_the(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real encoding with a small vocabulary: every byte, "th" and "the"."""
    ranks = {bytes([value]): value for value in range(256)} | {b"th": 256, b"the": 257}
    made = tiktoken.Encoding(
        "small", pat_str=r"\w+|\W", mergeable_ranks=ranks, special_tokens={"<|end|>": 258}
    )

    def encoding_for_model(model: str) -> "tiktoken.Encoding":
        if model != MODEL:
            raise KeyError(model)
        return made

    monkeypatch.setattr(tiktoken, "encoding_for_model", encoding_for_model)
    monkeypatch.setattr(tiktoken, "get_encoding", {"cl100k_base": made}.__getitem__)


@pytest.mark.usefixtures("bytes_and_the")
@pytest.mark.parametrize("model", [MODEL, "a-model-of-another-server"])
def test_tokens_are_counted_in_the_models_encoding(model: str) -> None:
    assert cut_to_tokens("the the the the", 7, model) == "the the the the"
    assert cut_to_tokens("the the the the", 5, model) == "the the the"
    assert cut_to_tokens("the the tht", 5, model) == "the the th"


@pytest.mark.usefixtures("bytes_and_the")
def test_no_character_is_cut_in_two_and_special_tokens_are_text() -> None:
    # each character has three tokens here
    assert cut_to_tokens("日本語", 5, MODEL) == "日"
    assert cut_to_tokens("日本語", 6, MODEL) == "日本"
    assert cut_to_tokens("<|end|> and more", 7, MODEL) == "<|end|>"


def test_a_short_text_needs_no_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_limit, "_encoding", None)

    assert cut_to_tokens("a" * 100, 100, MODEL) == "a" * 100
    assert cut_to_tokens("日" * 33, 99, MODEL) == "日" * 33
    with pytest.raises(TypeError):
        cut_to_tokens("日" * 34, 99, MODEL)


@pytest.mark.parametrize("error", [OSError("no route to host"), ValueError("hash mismatch")])
def test_without_its_vocabulary_an_estimate_cuts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    looks: list[str] = []

    def unreachable(model: str) -> None:
        looks.append(model)
        raise error

    monkeypatch.setattr(tiktoken, "encoding_for_model", unreachable)
    with caplog.at_level(logging.WARNING):
        cut = [cut_to_tokens("word " * 5_000, 300, MODEL) for _ in range(3)]

    assert set(map(len, cut)) == {900}
    # a machine without network does not wait for it at each prompt
    assert looks == [MODEL]
    assert len(caplog.records) == 1
    assert type(error).__name__ in caplog.text


def test_without_tiktoken_an_estimate_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tiktoken", None)

    assert cut_to_tokens("x" * 1_000_000, 100, MODEL) == "x" * 300
    assert cut_to_tokens("日本語" * 1_000, 100, MODEL) == "日本語" * 11
    assert cut_to_tokens("1,2;" * 1_000, 100, MODEL) == "1,2;" * 25


def test_the_estimate_counts_bytes_and_thirds_of_words() -> None:
    assert estimated_tokens("") == 0
    assert estimated_tokens("What is it") == 4
    assert estimated_tokens("f(x)=2") == 1 + 4
    assert estimated_tokens("日") == 3
