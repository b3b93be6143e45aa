"""Published benchmarks: MMLU, GSM8K and MT-Bench with the answers of the paper's pair, in its own layout.

Each class is one benchmark; to add one, write a class like these and list it in `benchmarks.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from routellm_core.checkpoints.published_factorization import STRONG as GOLD_STRONG
from routellm_core.checkpoints.published_factorization import WEAK as GOLD_WEAK
from routellm_core.evaluation.benchmark import Benchmark, category_gains
from routellm_core.preferences.cleaning.overlap import overlapping
from routellm_core.preferences.reading.labels import Label, read_labels
from routellm_core.preferences.reading.records import DataError
from routellm_core.preferences.reading.rows import read_records

STRONG = GOLD_STRONG
WEAK = "mistralai/Mixtral-8x7B-Instruct-v0.1"
"""The paper's pair, by the names in the files of its results."""

_GOLD = "train/mmlu_gold_labels.jsonl.gz"
_PLACES = ("routellm_evals", "routellm/evals", "evals", ".")


class MMLU:
    """14,042 multiple-choice questions in 57 subjects, graded by the key.

    Questions that serve as gold labels for training are left out, so that every router is evaluated on the
    same ones. Without the folder's gold labels they can't be identified, but prompts that a router knows from
    training are still left out.
    """

    name = "mmlu"

    def load(self, data: Path) -> Benchmark:
        """Read it from a data folder or a clone of RouteLLM."""
        folder = published_folder(data) / "mmlu"
        files = sorted((folder / "responses").glob("mmlu_*.csv"))
        if not files:
            raise DataError(f"{folder / 'responses'} holds no mmlu_*.csv.")
        labels = [label for file in files for label in _responses(file, file.stem.removeprefix("mmlu_"))]
        gold = _gold_labels(data)
        left_out = {"contaminated": _contaminated(folder), "gold": {label.prompt for label in gold}}
        return _without(self.name, labels, left_out, gold)


class MMLUFar:
    """MMLU without near-duplicates of gold questions: what a router knows beyond the questions it saw."""

    name = "mmlu-far"

    def load(self, data: Path) -> Benchmark:
        """Read it from a data folder that has the gold labels."""
        gold = _gold_labels(data)
        if not gold:
            raise DataError(
                f"benchmark {self.name!r} needs the gold labels, {data / _GOLD}, which is missing."
            )
        whole = MMLU().load(data)
        near = overlapping(whole.prompts, sorted({label.prompt for label in gold}))
        far = whole.where(~near, "near-duplicates of gold")
        return replace(far, name=self.name)


class GSM8K:
    """1,319 grade-school mathematics problems, graded by the number."""

    name = "gsm8k"

    def load(self, data: Path) -> Benchmark:
        """Read it from a data folder or a clone of RouteLLM."""
        folder = published_folder(data) / "gsm8k"
        labels = _responses(folder / "gsm8k_responses.csv", "")
        return _without(self.name, labels, {"contaminated": _contaminated(folder)})


class MTBench:
    """80 two-turn questions, judged from 1 to 10; routed on the first turn, both averaged, like the paper."""

    name = "mt-bench"

    def load(self, data: Path) -> Benchmark:
        """Read it from a data folder or a clone of RouteLLM."""
        folder = published_folder(data) / "mt_bench"
        scores: dict[tuple[int, str], list[float]] = {}
        for record in read_records(folder / "judgements.jsonl"):
            values = record.values
            scores.setdefault((values["question_id"], values["model"]), []).append(float(values["score"]))
        labels = []
        for record in read_records(folder / "question.jsonl"):
            number = record.values["question_id"]
            means = {model: float(np.mean(scores[number, model])) for model in (STRONG, WEAK)}
            labels.append(Label(record.values["turns"][0], means, record.values.get("category", "")))
        return _without(self.name, labels, {"contaminated": _contaminated(folder)})


def published_folder(data: Path) -> Path:
    """Return the folder of the published layout: of a data folder, a clone of RouteLLM, or the folder itself.

    Raises:
        DataError: there is none; names where it was looked for.
    """
    for place in _PLACES:
        if any((data / place / name).is_dir() for name in ("mmlu", "gsm8k", "mt_bench")):
            return data / place
    raise DataError(
        f"{data} holds no routellm_evals/ or routellm/evals/: expected the data folder, or a clone of "
        "RouteLLM."
    )


def _gold_labels(data: Path) -> list[Label]:
    return list(read_labels(data / _GOLD)) if (data / _GOLD).is_file() else []


def _responses(path: Path, category: str) -> list[Label]:
    # Beside the two models, GSM8K's file holds their answers as further columns.
    labels = []
    for record in read_records(path):
        scores = {}
        for model in (STRONG, WEAK):
            if record.values.get(model) not in ("True", "False"):
                record.refuse(model, "True or False")
            scores[model] = float(record.values[model] == "True")
        labels.append(Label(record.text("prompt"), scores, category))
    return labels


def _contaminated(folder: Path) -> set[str]:
    path = folder / "contaminated_prompts.jsonl"
    if not path.is_file():
        raise DataError(f"{path} is missing: it lists the contaminated prompts to leave out.")
    return {json.loads(line)["eval_prompt"] for line in path.read_text(encoding="utf-8").splitlines() if line}


def _without(
    name: str, labels: Iterable[Label], unwanted: dict[str, set[str]], gold: Sequence[Label] = ()
) -> Benchmark:
    kept: list[Label] = []
    dropped = dict.fromkeys(unwanted, 0)
    for label in labels:
        for reason, prompts in unwanted.items():
            if label.prompt in prompts:
                dropped[reason] += 1
                break
        else:
            kept.append(label)
    said = ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count)
    benchmark = Benchmark.from_labels(name, kept, strong=STRONG, weak=WEAK, dropped=said)
    return replace(benchmark, category_gains=category_gains(gold, strong=GOLD_STRONG, weak=GOLD_WEAK))
