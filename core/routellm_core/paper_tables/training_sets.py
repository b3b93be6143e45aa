"""TrainingSet: the judge's battles, people's battles and gold labels, under one vocabulary of models.

The three sources have no model in common by name. Where the same or nearly the same model has two names, it
gets one here, so that battles of one source inform about models of another (as the paper's tiers do).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from routellm_core.checkpoints import published_factorization
from routellm_core.preferences.reading.battles import Battle, read_battles
from routellm_core.preferences.reading.labels import Label, read_labels

STRONG, WEAK = "gpt-4-turbo", "gpt-35-turbo"
"""Stand-ins for the paper's pair: gpt-4-1106-preview is a GPT-4 Turbo, and Mixtral is in GPT-3.5's class."""

STRONG_CLASS = (STRONG, "gemini")
WEAK_CLASS = (
    WEAK,
    "lmsys/vicuna-33b-v1.3",
    "meta-llama/Llama-2-70b-chat-hf",
    "meta-llama/Llama-2-13b-chat-hf",
    "meta-llama/Llama-2-7b-chat-hf",
    "lmsys/vicuna-13b-v1.5",
    "lmsys/vicuna-7b-v1.5",
    "HuggingFaceH4/zephyr-7b-beta",
    "WizardLM/WizardLM-13B-V1.2",
    "Xwin-LM/Xwin-LM-13B-V0.1",
)
"""Which models are the strong and the weak class of the classifiers that are trained on who won."""

_RENAMED = {
    published_factorization.STRONG: STRONG,
    published_factorization.WEAK: WEAK,
    "vicuna-13b": "lmsys/vicuna-13b-v1.5",
    "alpaca-13b": "chavinlo/alpaca-13b",
    "llama-13b": "huggyllama/llama-13b",
}


@dataclass(frozen=True)
class TrainingSet:
    """What one row of the table was trained on.

    Attributes:
        name: as the table prints it.
        battles: with prompts.
        labels: gold labels of the pair.
    """

    name: str
    battles: Sequence[Battle]
    labels: Sequence[Label] = ()

    @property
    def as_battles(self) -> list[Battle]:
        """Battles and labels together, a label as the battle of its pair."""
        return [*self.battles, *map(_battle, self.labels)]


def read_training_sets(data: Path) -> list[TrainingSet]:
    """Read the three sets of the paper's tables.

    Raises:
        DataError: a file is missing or damaged.
    """
    judge = [_renamed(battle) for battle in read_battles(data / "train/judge_battles.jsonl.gz")]
    arena = [_renamed(battle) for battle in read_battles(data / "train/arena_battles.jsonl.gz")]
    gold = [
        replace(label, scores={_RENAMED[name]: value for name, value in label.scores.items()})
        for label in read_labels(data / "train/mmlu_gold_labels.jsonl.gz")
    ]
    return [
        TrainingSet("judge", judge),
        TrainingSet("arena + judge", [*arena, *judge]),
        TrainingSet("arena + judge + gold", [*arena, *judge], gold),
    ]


def _renamed(battle: Battle) -> Battle:
    a, b = (_RENAMED.get(name, name) for name in (battle.model_a, battle.model_b))
    return replace(battle, model_a=a, model_b=b)


def _battle(label: Label) -> Battle:
    gain = label.scores[STRONG] - label.scores[WEAK]
    return Battle(label.prompt, STRONG, WEAK, "tie" if gain == 0 else "model_a" if gain > 0 else "model_b")
