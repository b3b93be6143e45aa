"""LabelledSource: one source of prompts with both models' qualities, from which few labels are drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from routellm_core.embedders.static import StaticEmbedder
from routellm_core.evaluation.benchmarks import load_benchmark
from routellm_core.logits import Floats
from routellm_core.preferences.reading.battles import read_battles
from routellm_core.preferences.reading.labels import read_labels
from routellm_core.router import Router
from routellm_core.training.adaptation.prompt_vectors import PromptVectors

PRO_PAIRS = (
    ("gemini-1.5-pro-002", "Mixtral-8x7B-Instruct-v0.1"),
    ("Meta-Llama-3_1-70B-Instruct", "Meta-Llama-3_1-8B-Instruct"),
    ("gemini-1.5-flash-002", "Qwen1.5-7B-Chat"),
    ("Meta-Llama-3_1-70B-Instruct", "mathstral-7B"),
    ("Qwen1.5-72B-Chat", "Qwen1.5-7B-Chat"),
)
"""Pairs of MMLU-Pro's models, from far apart to near."""

JUDGE_STRONG = "gpt-4-turbo"
JUDGE_WEAK = (
    "gpt-35-turbo",
    "lmsys/vicuna-33b-v1.3",
    "lmsys/vicuna-13b-v1.5",
    "meta-llama/Llama-2-13b-chat-hf",
    "meta-llama/Llama-2-7b-chat-hf",
)
"""The models with about a thousand judged battles against `JUDGE_STRONG`."""


@dataclass(frozen=True, eq=False)
class LabelledSource:
    """n prompts.

    Attributes:
        group: "gsm8k", "mmlu", "mmlu-pro" or "judge"; a group of several pairs is reported as one.
        prompts: n texts.
        strong: shape (n,), quality of the strong model's answer in [0, 1].
        weak: shape (n,), of the weak model's.
        votes: whether the qualities come from battles.
    """

    group: str
    prompts: Sequence[str]
    strong: Floats
    weak: Floats
    votes: bool = False


GROUPS = ("gsm8k", "mmlu", "mmlu-pro", "judge")


def read_sources(data: Path, groups: Sequence[str]) -> list[LabelledSource]:
    """Read sources from the data folder.

    Raises:
        DataError: a file is missing or damaged.
    """
    found: list[LabelledSource] = []
    for group in groups:
        if group == "mmlu-pro":
            found += _pro(data)
        elif group == "judge":
            found += _judge(data)
        else:
            benchmark = load_benchmark(group, data)
            found.append(LabelledSource(group, benchmark.prompts, benchmark.strong, benchmark.weak))
    return found


def read_vectors(
    sources: Sequence[LabelledSource], static: StaticEmbedder, base: Router
) -> list[PromptVectors]:
    """Read the prompts of all sources, each text once."""
    texts = list(dict.fromkeys(text for source in sources for text in source.prompts))
    rows = {text: row for row, text in enumerate(texts)}
    vectors = PromptVectors.of(texts, static, base)
    return [vectors.rows(np.array([rows[text] for text in source.prompts])) for source in sources]


def _pro(data: Path) -> list[LabelledSource]:
    labels = list(read_labels(data / "train/mmlu_pro_labels.jsonl.gz"))
    sources = []
    for strong, weak in PRO_PAIRS:
        kept = [label for label in labels if strong in label.scores and weak in label.scores]
        pairs = np.array([[label.scores[strong], label.scores[weak]] for label in kept])
        sources.append(LabelledSource("mmlu-pro", [label.prompt for label in kept], pairs[:, 0], pairs[:, 1]))
    return sources


def _judge(data: Path) -> list[LabelledSource]:
    won: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for battle in read_battles(data / "train/judge_battles.jsonl.gz"):
        if JUDGE_STRONG in battle.pair:
            first = battle.model_a == JUDGE_STRONG
            other = battle.model_b if first else battle.model_a
            won[other][battle.prompt].append(battle.target if first else 1.0 - battle.target)
    sources = []
    for weak in JUDGE_WEAK:
        targets = np.array([float(np.mean(results)) for results in won[weak].values()])
        sources.append(LabelledSource("judge", list(won[weak]), targets, 1.0 - targets, votes=True))
    return sources
