"""A data folder and a folder of training data, of invented rows, and an encoder that knows a few words."""

import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.published_factorization import STRONG, WEAK
from routellm_core.embedders.pieces import Pieces, pieces_text
from routellm_core.training.default.ratings import prompt_hash

LETTERS = "abcdefghijklmnopqrstuvwxyz"
HARD = ("prove", "design", "derive", "debug", "beweise", "设")
EASY = ("translate", "thank", "list", "spell", "nenne", "写")
WORDS = (
    *HARD,
    *EASY,
    "the",
    "of",
    "a",
    "text",
    "und",
    "der",
    "short",
    "long",
    "eggs",
    "ducks",
    "how",
    "many",
)


class WordEncoder:
    """Embeds words by their hash, and texts by the sum of their words."""

    def __init__(self) -> None:
        pieces = ["<unk>", *(f"▁{word}" for word in WORDS), *LETTERS, *(f"▁{x}" for x in LETTERS), "设", "写"]
        self.pieces = Pieces(pieces_text(pieces), np.linspace(-3.0, -9.0, len(pieces)).astype(np.float32))

    def piece_vectors(self, dimension: int) -> npt.NDArray[np.float32]:
        return np.stack([_vector(piece, dimension) for piece in self.pieces.listed()]).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.stack([sum((_vector(word, 8) for word in text.split()), np.zeros(8)) for text in texts])


def _vector(word: str, dimension: int) -> npt.NDArray[np.float64]:
    seed = int(hashlib.sha256(word.encode()).hexdigest()[:8], 16)
    return np.random.default_rng(seed).standard_normal(dimension)


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)


def _rated(words: Sequence[str], need: int, count: int) -> list[dict[str, Any]]:
    return [
        {
            "prompt": f"{words[n % 4]} the text of a {'long ' * (n % 7)}letter {LETTERS[n % 26]}{n}",
            "need": need,
        }
        for n in range(count)
    ]


def invented_data(folder: Path) -> Path:
    """Write the data folder and, beside it, "written" with what the project wrote; return the first."""
    rng = np.random.default_rng(0)
    exam = "How many {}?\nA. {}\nB. 2\nC. 3\nD. 4\nAnswer:"

    def scores(models: dict[str, float]) -> dict[str, float]:
        return {model: float(rng.random() < chance) for model, chance in models.items()}

    gold = {STRONG: 0.8, WEAK: 0.6}
    pro = {"gemini": 0.9, "Mixtral-8x7B-Instruct-v0.1": 0.5, "llama": 0.3}
    train, written = folder / "data" / "train", folder / "written"
    gold_rows = [
        {"prompt": exam.format("eggs", n), "category": "farm", "scores": scores(gold)} for n in range(40)
    ]
    pro_rows = [
        {"prompt": exam.format("ducks", n), "category": "math", "scores": scores(pro)} for n in range(40)
    ]
    tiers = [row | {"lang": "en"} for row in _rated(HARD, 70, 20)]
    _write_rows(train / "mmlu_gold_labels.jsonl.gz", gold_rows)
    _write_rows(train / "mmlu_pro_labels.jsonl.gz", pro_rows)
    _write_rows(train / "arena_need.jsonl.gz", _rated(EASY, 10, 30))
    _write_rows(train / "everyday_tiers.jsonl.gz", tiers)
    prose = [
        row | {"language": language, "batch": f"{n % 5 + 1}.01"}
        for language, start in (("en", ""), ("de", "und der "))
        for hard in (True, False)
        for n, row in enumerate(_rated(HARD if hard else EASY, 80 if hard else 5, 40))
        for row in [row | {"prompt": f"{start}{row['prompt']} {language}. Then {hard} more of it."}]
    ]
    problem = "Tom has {} eggs and buys {} more each day for two days. How many eggs does Tom have in total?"
    prose += [
        {"prompt": problem.format(n, n + 3), "need": 5 * n, "language": "en", "batch": "8.01"}
        for n in range(10)
    ]
    _write_rows(written / "written.jsonl", prose)
    for name, rows in (("everyday", tiers), ("mmlu_gold", gold_rows), ("mmlu_pro", pro_rows)):
        hashed = [
            {"prompt_sha256": prompt_hash(row["prompt"]), "need": 20 + n, "need_again": 22 + n}
            for n, row in enumerate(rows[:15])
        ]
        _write_rows(written / f"{name}_need.jsonl", hashed)
    return folder / "data"
