"""Benchmark: prompts with the quality of each model's answer, cleaned of what a router has been trained on.

The three of the paper are read from the published layout (`routellm_evals/` of the data folder); any other is
a file of labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from routellm_core.preferences.labels import Label, qualities, read_labels
from routellm_core.preferences.overlap import overlapping
from routellm_core.preferences.records import DataError, read_records

STRONG = "gpt-4-1106-preview"
WEAK = "mistralai/Mixtral-8x7B-Instruct-v0.1"
"""The pair of the published results, by the names in their files."""

NAMES = ("mmlu", "mmlu-far", "gsm8k", "mt-bench")
"""The built-in benchmarks; "mmlu-far" is MMLU without near-duplicates of gold questions."""


@dataclass(frozen=True)
class Benchmark:
    """What a router is evaluated on.

    Attributes:
        name: for tables.
        prompts: n texts.
        weak: shape (n,), quality of the weak model's answers.
        strong: shape (n,), quality of the strong model's answers.
        dropped: how many prompts of the source were left out, and why, for the table's foot.
    """

    name: str
    prompts: Sequence[str]
    weak: npt.NDArray[np.float64]
    strong: npt.NDArray[np.float64]
    dropped: str = ""


def load_benchmark(
    source: str, data: str | PathLike[str] | None, *, strong: str | None = None, weak: str | None = None
) -> Benchmark:
    """Load a built-in benchmark by name, or a file of labels.

    Args:
        source: one of `NAMES`, or the path of a JSON Lines or CSV file of labels.
        data: the data folder, for the built-in ones; it holds `routellm_evals/` and `train/`.
        strong: the strong model's name in a file of labels; the built-in ones know their own.
        weak: the weak model's name.

    Raises:
        DataError: a file is missing or damaged, or lacks a model.
        ValueError: the source is neither, or what it needs was not given.
    """
    if source in NAMES:
        if data is None:
            raise ValueError(f"benchmark {source!r} needs the data folder: give --data or set ROUTELLM_DATA.")
        folder = Path(data)
        if not (folder / "routellm_evals").is_dir():
            raise DataError(f"{folder} holds no routellm_evals/: it is not the data folder.")
        return {"mmlu": _mmlu, "mmlu-far": _mmlu_far, "gsm8k": _gsm8k, "mt-bench": _mt_bench}[source](folder)
    if not Path(source).is_file():
        raise ValueError(f"benchmark {source!r} is neither a file nor one of {', '.join(NAMES)}.")
    if strong is None or weak is None:
        raise ValueError(
            f"benchmark {source!r} is a file of labels: name its models with --strong and --weak."
        )
    labels = list(read_labels(source))
    return Benchmark(
        Path(source).name,
        [label.prompt for label in labels],
        qualities(labels, weak, source),
        qualities(labels, strong, source),
    )


def _mmlu(data: Path) -> Benchmark:
    files = sorted((data / "routellm_evals/mmlu/responses").glob("mmlu_*.csv"))
    if not files:
        raise DataError(f"{data}/routellm_evals/mmlu/responses holds no mmlu_*.csv.")
    labels = [label for file in files for label in _responses(file)]
    return _without(
        "mmlu",
        labels,
        {"contaminated": _contaminated(data / "routellm_evals/mmlu"), "gold": _gold_prompts(data)},
    )


def _mmlu_far(data: Path) -> Benchmark:
    whole = _mmlu(data)
    near = overlapping(whole.prompts, sorted(_gold_prompts(data)))
    keep = ~near
    return Benchmark(
        "mmlu-far",
        [prompt for prompt, kept in zip(whole.prompts, keep, strict=True) if kept],
        whole.weak[keep],
        whole.strong[keep],
        f"{whole.dropped}, {int(near.sum())} near-duplicates of gold",
    )


def _gsm8k(data: Path) -> Benchmark:
    folder = data / "routellm_evals/gsm8k"
    return _without(
        "gsm8k", _responses(folder / "gsm8k_responses.csv"), {"contaminated": _contaminated(folder)}
    )


def _mt_bench(data: Path) -> Benchmark:
    # Routes on the first turn, as the paper does, and averages the scores (1 to 10) of both turns.
    folder = data / "routellm_evals/mt_bench"
    scores: dict[tuple[int, str], list[float]] = {}
    for record in read_records(folder / "judgements.jsonl"):
        values = record.values
        scores.setdefault((values["question_id"], values["model"]), []).append(float(values["score"]))
    labels = [
        Label(
            record.values["turns"][0],
            {model: float(np.mean(scores[record.values["question_id"], model])) for model in (STRONG, WEAK)},
        )
        for record in read_records(folder / "question.jsonl")
    ]
    return _without("mt-bench", labels, {"contaminated": _contaminated(folder)})


def _responses(path: Path) -> list[Label]:
    # Beside the two models, GSM8K's file holds their answers as further columns.
    labels = []
    for record in read_records(path):
        scores = {}
        for model in (STRONG, WEAK):
            if record.values.get(model) not in ("True", "False"):
                record.refuse(model, "True or False")
            scores[model] = float(record.values[model] == "True")
        labels.append(Label(record.text("prompt"), scores))
    return labels


def _contaminated(folder: Path) -> set[str]:
    path = folder / "contaminated_prompts.jsonl"
    return {json.loads(line)["eval_prompt"] for line in path.read_text(encoding="utf-8").splitlines() if line}


def _gold_prompts(data: Path) -> set[str]:
    return {label.prompt for label in read_labels(data / "train/mmlu_gold_labels.jsonl.gz")}


def _without(name: str, labels: Iterable[Label], unwanted: dict[str, set[str]]) -> Benchmark:
    kept: list[Label] = []
    dropped = dict.fromkeys(unwanted, 0)
    for label in labels:
        for reason, prompts in unwanted.items():
            if label.prompt in prompts:
                dropped[reason] += 1
                break
        else:
            kept.append(label)
    return Benchmark(
        name,
        [label.prompt for label in kept],
        qualities(kept, WEAK, name),
        qualities(kept, STRONG, name),
        ", ".join(f"{count} {reason}" for reason, count in dropped.items()),
    )
