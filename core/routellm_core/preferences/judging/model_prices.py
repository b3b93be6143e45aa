"""Prices by model, as the command line takes them: a JSON file, or one word per model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.json_content import MOST_VALUES, parse_json
from routellm_core.checkpoints.plain_file import MOST_CONFIG_BYTES, read_plain
from routellm_core.preferences.reading.json_values import json_name
from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.prices import Price


def read_model_prices(words: Sequence[str]) -> dict[str, Price]:
    """Read prices per million tokens; a later word beats an earlier one.

    Args:
        words: each a file of `{"gpt-4o": {"input": 2.5, "output": 10}, ...}`, or `gpt-4o=2.5,10` (input,
            output and, if wanted, cached input).

    Raises:
        DataError: a word is neither, or the file is not such an object.
        ValueError: a price is not a number of at least 0.
    """
    prices: dict[str, Price] = {}
    for word in words:
        model, equals, numbers = word.rpartition("=")
        if Path(word).is_file():
            prices |= _from_file(Path(word))
        elif equals and model:
            prices[model] = Price.from_mapping(_from_numbers(word, numbers), model)
        else:
            raise DataError(f"--prices {word!r} is neither a file nor MODEL=INPUT,OUTPUT per million tokens.")
    return prices


def _from_file(path: Path) -> dict[str, Price]:
    try:
        content = parse_json(read_plain(path, most=MOST_CONFIG_BYTES), most_values=MOST_VALUES)
    except OSError as error:
        raise DataError(f"{path} can't be read ({error.strerror}).") from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON ({error}).") from error
    if not isinstance(content, dict):
        raise DataError(
            f"{path} holds {json_name(content)}, expected an object of model -> "
            '{"input": ..., "output": ...}.'
        )
    return {model: Price.from_mapping(price, model) for model, price in content.items()}


def _from_numbers(word: str, text: str) -> dict[str, Any]:
    try:
        numbers = [float(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3):
        raise DataError(f"--prices {word!r}: expected MODEL=INPUT,OUTPUT, two numbers per million tokens.")
    return dict(zip(("input", "output", "cached_input"), numbers, strict=False))
