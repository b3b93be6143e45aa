"""Ratings: prompts with a reader's judgement of how much a strong model is needed.

The project's own prompts are in `core/training_data/`. For prompts from elsewhere, that folder holds the hash
and the rating; the text comes from the data folder.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from routellm_core.preferences.reading.records import DataError

TRAINING_DATA = Path(__file__).parents[3] / "training_data"
"""In the project's checkout; the wheel has none of it."""

_HASH = 32


@dataclass(frozen=True)
class RatedPrompt:
    """One rating.

    Attributes:
        prompt: the text.
        need: 0 to 1: how much a strong model is needed; the mean if two readers rated it.
        source: "written", "everyday", "arena", "gold" or "pro".
        language: ISO 639-1.
        writer: who wrote it, for leaving whole writers out; "" if unknown.
    """

    prompt: str
    need: float
    source: str
    language: str = "en"
    writer: str = ""


def read_ratings(data: Path, written: Path = TRAINING_DATA) -> list[RatedPrompt]:
    """Read all ratings.

    Args:
        data: the data folder, which holds train/.
        written: the folder of what the project wrote.

    Raises:
        DataError: a file is missing or damaged, or a rated prompt is not in the data folder.
    """
    found = [
        RatedPrompt(row["prompt"], _need(row), "written", row["language"], str(row["batch"]).split(".")[0])
        for row in _rows(written / "written.jsonl")
    ]
    arena = _rows(data / "train/arena_need.jsonl.gz")
    found += [RatedPrompt(row["prompt"], _need(row), "arena") for row in arena]
    for source, ratings, prompts in (
        ("everyday", "everyday_need.jsonl", "everyday_tiers.jsonl.gz"),
        ("gold", "mmlu_gold_need.jsonl", "mmlu_gold_labels.jsonl.gz"),
        ("pro", "mmlu_pro_need.jsonl", "mmlu_pro_labels.jsonl.gz"),
    ):
        texts = {prompt_hash(row["prompt"]): row for row in _rows(data / "train" / prompts)}
        for row in _rows(written / ratings):
            text = texts.get(row["prompt_sha256"])
            if text is None:
                raise DataError(f"{written / ratings}: prompt {row['prompt_sha256']} is not in {prompts}.")
            found.append(RatedPrompt(text["prompt"], _need(row), source, text.get("lang", "en")))
    distinct = {rated.prompt: rated for rated in reversed(found)}
    return list(reversed(distinct.values()))


def prompt_hash(prompt: str) -> str:
    """Return the hash by which the training data names a prompt."""
    return hashlib.sha256(prompt.encode("utf-8")).hexdigest()[:_HASH]


def _need(row: dict[str, Any]) -> float:
    ratings = [float(row[name]) for name in ("need", "need_again") if name in row]
    return sum(ratings) / (100.0 * len(ratings))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as lines
        ):
            for line in lines:
                yield json.loads(line)
    except OSError as error:
        raise DataError(f"{path} can't be read ({error}).") from error
    except ValueError as error:
        raise DataError(f"{path} is no JSON Lines file ({error}).") from error
