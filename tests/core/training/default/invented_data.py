"""A data folder of invented rows, in the layout of the real one."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from routellm_core.checkpoints.published_factorization import STRONG, WEAK


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)


def invented_data(folder: Path) -> Path:
    """Write the data folder into `folder` and return it."""
    rng = np.random.default_rng(0)
    exam = "How many {}?\nA. {}\nB. 2\nC. 3\nD. 4\nAnswer:"

    def scores(models: dict[str, float]) -> dict[str, float]:
        return {model: float(rng.random() < chance) for model, chance in models.items()}

    gold = {STRONG: 0.8, WEAK: 0.6}
    pro = {"gemini": 0.9, "Mixtral-8x7B-Instruct-v0.1": 0.5, "llama": 0.3}
    arena = [("vicuna", "dolly"), ("dolly", "koala")]
    train = folder / "data" / "train"
    train.parent.mkdir()
    _write_rows(
        train / "mmlu_gold_labels.jsonl.gz",
        [{"prompt": exam.format("eggs", n), "scores": scores(gold)} for n in range(40)],
    )
    _write_rows(
        train / "mmlu_pro_labels.jsonl.gz",
        [{"prompt": exam.format("ducks", n), "category": "math", "scores": scores(pro)} for n in range(40)],
    )
    _write_rows(
        train / "arena_battles.jsonl.gz",
        [
            {"prompt": f"Hello {n}", "model_a": a, "model_b": b, "winner": "model_a"}
            for n in range(20)
            for a, b in arena
        ],
    )
    _write_rows(
        train / "judge_battles.jsonl.gz",
        [{"prompt": "Judge me", "model_a": "judged", "model_b": "gemini", "winner": "tie"}],
    )
    with gzip.open(train / "arena_votes.csv.gz", "wt") as stream:
        stream.write("model_a,model_b,winner\ngpt-4,vicuna,model_a\nvicuna,koala,tie_both_bad\n")
        stream.write("koala,dolly,model_a\n")
    return folder / "data"
