"""Every command with arguments that work, and the files that they name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from routellm_core.routing.decision_log import DecisionLog

from tests.core.hostile_checkpoints import write_small

PAIR = ["--strong", "big", "--weak", "small"]
PRICES = ["--prices", "big=10,30", "small=1,2"]
COUNT = 40

ARGUMENTS: dict[str, list[str]] = {
    "score": ["prompts.jsonl"],
    "explain": ["--text", "Prove it."],
    "savings": ["labels.jsonl", *PAIR, *PRICES, "--labels", "labels.jsonl"],
    "label": [*PAIR, *PRICES, "--judge", "judge", "--prompts", "prompts.jsonl", "--out", "judged.jsonl"],
    "golden": ["choice", "answers.jsonl", "--out", "graded.jsonl"],
    "clean": ["--battles", "battles.jsonl", "--out", "cleaned.jsonl"],
    "tiers": ["--battles", "battles.jsonl"],
    "adapt": ["--labels", "labels.jsonl", *PAIR, "--out", "OUT"],
    "train mf": ["--battles", "battles.jsonl", *PAIR, "--out", "OUT"],
    "train bert": [
        "--battles",
        "battles.jsonl",
        *PAIR,
        "--base",
        "bert",
        "--out",
        "OUT",
        "--steps",
        "2",
        "--max-length",
        "64",
    ],
    "train sw_ranking": ["--battles", "battles.jsonl", *PAIR, "--out", "OUT"],
    "train new_model": [
        "--from",
        "base",
        "--model",
        "small",
        "--labels",
        "new.jsonl",
        "--out",
        "OUT",
    ],
    "calibrate": ["--labels", "labels.jsonl", *PAIR, *PRICES, "--strong-share", "0.3"],
    "check": ["--log", "decisions.jsonl", "--sample", "5", "--out", "todo.jsonl"],
    "outcome": ["d3", "1", "--log", "decisions.jsonl"],
    "evaluate": ["--benchmark", "labels.jsonl", *PAIR, *PRICES],
}


def write_rows(path: str, rows: list[dict[str, Any]]) -> None:
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_files() -> None:
    """Write into the working folder what the commands read."""
    texts = [f"{'Prove' if n % 4 < 2 else 'Say'} number {n}, and tell us why." for n in range(COUNT)]
    write_rows("prompts.jsonl", [{"prompt": text} for text in texts[:6]])
    scores = [{"big": 1.0, "small": float(n % 4 >= 2)} for n in range(COUNT)]
    write_rows("labels.jsonl", [{"prompt": t, "scores": s} for t, s in zip(texts, scores, strict=True)])
    write_rows(
        "new.jsonl", [{"prompt": t, "scores": {"small": n % 2, "weak": 1}} for n, t in enumerate(texts)]
    )
    names = {"model_a": "big", "model_b": "small"}
    winners = ["model_a" if n % 4 < 2 else ("tie", "model_b")[n % 2] for n in range(COUNT)]
    write_rows(
        "battles.jsonl", [{"prompt": t, **names, "winner": w} for t, w in zip(texts, winners, strict=True)]
    )
    write_rows("answers.jsonl", [{"prompt": t, "expected": "B", "answers": {"big": "B"}} for t in texts])
    write_small(Path("base"))
    log = DecisionLog.open("decisions.jsonl", log_text=True)
    models = {"strong": "big", "weak": "small"}
    for number, text in enumerate(texts):
        row = {"id": f"d{number}", "route": "weak", "reason": "score", "router": "r", "threshold": 0.5}
        log.write({**row, "models": models}, text)
    log.close()
