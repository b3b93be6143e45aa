"""Prices of models, from words and files."""

import json
from pathlib import Path

import pytest

from routellm_core.preferences.judging.model_prices import read_model_prices
from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.prices import Price


def test_prices_from_words_and_files(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"a": {"input": 1, "output": 2}, "b": {"input": 3, "output": 4}}))
    prices = read_model_prices([str(file), "b=5,6", "org/c=v2=1.5,2,0.5"])

    assert prices == {"a": Price(1, 2), "b": Price(5, 6), "org/c=v2": Price(1.5, 2, 0.5)}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("absent.json", "'absent.json' is neither a file nor MODEL=INPUT,OUTPUT"),
        ("m=1", "'m=1': expected MODEL=INPUT,OUTPUT, two numbers"),
        ("m=1,x", "'m=1,x': expected MODEL=INPUT,OUTPUT"),
        ("m=1,2,3,4", "expected MODEL=INPUT,OUTPUT"),
        ("=1,2", "is neither a file nor"),
        ("m=1,-2", r"prices\['m'\]: price output is -2.0"),
        ("m=nan,2", r"prices\['m'\]: price input is nan"),
    ],
)
def test_other_prices_are_refused(word: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_model_prices([word])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[1]", "holds a JSON array"),
        ('{"m": {"input": 1}}', r"prices\['m'\] is .* expected the keys 'input', 'output'"),
    ],
)
def test_a_damaged_file_of_prices_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_model_prices([str(file)])
    assert issubclass(DataError, ValueError)
