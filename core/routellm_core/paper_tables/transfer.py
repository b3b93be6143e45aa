"""Transfer: how routers do on pairs of models that they were not trained for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from routellm_core.checkpoints.published_factorization import STRONG, WEAK
from routellm_core.evaluation.bootstrap import chance_interval, curve_intervals
from routellm_core.evaluation.metrics import apgr
from routellm_core.loading import load_router
from routellm_core.paper_tables.contenders import default_embedder
from routellm_core.preferences.reading.labels import Label, qualities, read_labels
from routellm_core.router import Router
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.factorization.fit import MatrixFactorizationSettings
from routellm_core.training.factorization.new_model import with_new_model
from routellm_core.training.factorization.own_data import read_own_data
from routellm_core.training.factorization.train import OFFSET_PENALTY, train_with_settings

RESULTS = (30, 100)
"""Numbers of results from which a new model's vector is fitted."""

SEEDS = 8

GSM8K_PAIRS = (
    ("Meta-Llama-3.1-70B-Instruct", "Meta-Llama-3.1-8B-Instruct"),
    ("Meta-Llama-3-70B-Instruct", "Meta-Llama-3-8B-Instruct"),
    ("claude-3-opus-20240229", "claude-3-haiku-20240307"),
    ("Qwen2-72B-Instruct", "Qwen2-7B-Instruct"),
    ("claude-3-5-sonnet-20241022", "Mixtral-8x7B-Instruct-v0.1"),
    ("gpt-4o-2024-08-06", "gemma-2-9b-it"),
    ("gpt-4o-2024-08-06", "gpt-3.5-turbo-0125"),
)

PRO_PAIRS = (
    ("gemini-1.5-pro-002", "gemini-1.5-flash-002"),
    ("Meta-Llama-3_1-70B-Instruct", "Meta-Llama-3_1-8B-Instruct"),
    ("DeepSeek-Coder-V2", "Meta-Llama-3-8B"),
    ("Qwen1.5-72B-Chat", "Qwen1.5-7B-Chat"),
)

_KNOWN_AS = {
    "Mixtral-8x7B-Instruct-v0.1": WEAK,
    "Meta-Llama-3.1-8B-Instruct": "Meta-Llama-3_1-8B-Instruct",
    "Meta-Llama-3.1-70B-Instruct": "Meta-Llama-3_1-70B-Instruct",
}
"""Names in the files -> names by which they are trained on."""


@dataclass(frozen=True)
class TransferResult:
    """One pair.

    Attributes:
        strong: the strong model.
        weak: the weak model.
        prompts: how many were evaluated.
        gap: the strong model's mean quality minus the weak one's.
        apgr: of the router as it is.
        interval: its 95 % bootstrap interval.
        few: number of results -> mean APGR over `SEEDS` draws of them, on the other prompts, with the vectors
            of the pair found from them.
        length: APGR of prompt length.
        chance: standard deviation of one random router's APGR.
    """

    strong: str
    weak: str
    prompts: int
    gap: float
    apgr: float
    interval: tuple[float, float]
    few: dict[int, float]
    length: float
    chance: float


def gsm8k_transfer(data: Path, say: Callable[[str], None]) -> list[TransferResult]:
    """Evaluate the default router on pairs of other models, and how few results place these models.

    Neither the default router nor the factorization that the results go to saw a grade-school problem.

    Raises:
        DataError: a file is missing or damaged.
    """
    labels = [_renamed(label) for label in read_labels(data / "transfer/gsm8k_many_models.jsonl.gz")]
    say("training on exam questions")
    router = _trained(data, _pro_labels(data))
    shipped = load_router("default")
    return [_transfer(router, labels, strong, weak, shipped) for strong, weak in GSM8K_PAIRS]


def pro_transfer(data: Path, say: Callable[[str], None]) -> list[TransferResult]:
    """Evaluate routers on MMLU-Pro pairs of which they saw neither the models nor the prompts.

    Half of the questions, answered by all other models, and the gold labels of the paper's pair train; the
    other half evaluates.

    Raises:
        DataError: a file is missing or damaged.
    """
    pro = _pro_labels(data)
    order = np.random.default_rng(0).permutation(len(pro))
    seen, unseen = ([pro[row] for row in half.tolist()] for half in np.array_split(order, 2))
    found = []
    for strong, weak in PRO_PAIRS:
        say(f"training without {strong} and {weak}")
        router = _trained(data, [_without(label, {strong, weak}) for label in seen])
        answered = [label for label in unseen if {strong, weak} <= set(label.scores)]
        found.append(_transfer(router, answered, strong, weak))
    return found


def _trained(data: Path, pro: Sequence[Label]) -> MatrixFactorizationRouter:
    gold = list(read_labels(data / "train/mmlu_gold_labels.jsonl.gz"))
    own = read_own_data([], [*gold, *pro], strong=STRONG, weak=WEAK)
    settings = MatrixFactorizationSettings(offset_penalty=OFFSET_PENALTY, projection_penalty=80.0)
    return train_with_settings(default_embedder(), own, settings, strong=STRONG, weak=WEAK)


def _pro_labels(data: Path) -> list[Label]:
    return [_renamed(label) for label in read_labels(data / "train/mmlu_pro_labels.jsonl.gz")]


def _transfer(
    router: MatrixFactorizationRouter,
    labels: Sequence[Label],
    strong: str,
    weak: str,
    as_it_is: Router | None = None,
) -> TransferResult:
    better, worse = _KNOWN_AS.get(strong, strong), _KNOWN_AS.get(weak, weak)
    prompts = [label.prompt for label in labels]
    qs, qw = qualities(labels, better, "labels"), qualities(labels, worse, "labels")
    scores = (as_it_is or router).score(prompts)
    low, high = chance_interval(qs - qw, confidence=0.6827)
    return TransferResult(
        strong=strong,
        weak=weak,
        prompts=len(labels),
        gap=float(qs.mean() - qw.mean()),
        apgr=apgr(scores, qw, qs),
        interval=curve_intervals(scores, qw, qs).apgr,
        few={count: _with_few(router, labels, better, worse, count) for count in RESULTS},
        length=apgr([float(len(prompt)) for prompt in prompts], qw, qs),
        chance=(high - low) / 2.0,
    )


def _with_few(
    router: MatrixFactorizationRouter, labels: Sequence[Label], strong: str, weak: str, count: int
) -> float:
    areas = []
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(len(labels)).tolist()
        few, rest = [labels[row] for row in order[:count]], [labels[row] for row in order[count:]]
        extended = router
        for model in (strong, weak):
            extended = extended if model in extended.models else with_new_model(extended, model, few)
        scores = extended.for_pair(strong, weak).score([label.prompt for label in rest])
        areas.append(apgr(scores, qualities(rest, weak, "labels"), qualities(rest, strong, "labels")))
    return float(np.mean(areas))


def _renamed(label: Label) -> Label:
    scores = {_KNOWN_AS.get(name, name): value for name, value in label.scores.items()}
    return Label(label.prompt, scores, label.category)


def _without(label: Label, models: set[str]) -> Label:
    kept = {name: value for name, value in label.scores.items() if name not in models}
    return Label(label.prompt, kept, label.category)
