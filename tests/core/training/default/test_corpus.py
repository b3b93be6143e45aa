"""The corpus: which texts each source gives, and what is refused."""

import gzip
from pathlib import Path

import pytest

from routellm_core.checkpoints.published_factorization import WEAK
from routellm_core.preferences.reading.records import DataError
from routellm_core.training.default.corpus import CorpusSettings, read_corpus


def test_the_corpus_shows_questions_with_and_without_options(small_data: Path) -> None:
    corpus = read_corpus(small_data, "licensed", CorpusSettings())

    assert corpus.prompts[:2] == ["How many eggs?\nA. 0\nB. 2\nC. 3\nD. 4\nAnswer:", "How many eggs?"]
    assert corpus.prompts[80:82] == ["How many ducks?\nA. 0\nB. 2\nC. 3\nD. 4", "How many ducks?"]
    # the same model under two names is one model
    assert WEAK in corpus.models
    assert "Mixtral-8x7B-Instruct-v0.1" not in corpus.models
    assert set(corpus.sources) == {"gold", "pro", "arena"}
    assert len(corpus.prompts) == len(corpus.calibration) == len(corpus.sources) == 200


def test_the_judges_battles_enter_only_with_all_sources(small_data: Path) -> None:
    assert "Judge me" not in read_corpus(small_data, "licensed", CorpusSettings()).prompts
    assert "Judge me" in read_corpus(small_data, "all", CorpusSettings()).prompts
    (small_data / "train/judge_battles.jsonl.gz").unlink()
    read_corpus(small_data, "licensed", CorpusSettings())
    with pytest.raises(ValueError, match="sources is 'some', expected 'licensed' or 'all'"):
        read_corpus(small_data, "some", CorpusSettings())


def test_a_battle_of_an_unrated_model_is_named(small_data: Path) -> None:
    votes = small_data / "train/arena_votes.csv.gz"
    votes.write_bytes(gzip.compress(b"model_a,model_b,winner\ngpt-4,vicuna,model_a\n"))

    with pytest.raises(DataError, match="arena battles: model 'dolly' has no votes"):
        read_corpus(small_data, "licensed", CorpusSettings())
