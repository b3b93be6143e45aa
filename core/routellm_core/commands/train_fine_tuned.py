"""`routellm train bert` and `causal_llm`: networks trained with torch; both need the extra train."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from routellm_core.commands.out_folder import check_out
from routellm_core.commands.training_arguments import (
    add_data_arguments,
    add_fine_tuning_arguments,
    given_settings,
    read_training_data,
)
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.routers.bert import LABELS
from routellm_core.training.fine_tuning.bert import BertTask
from routellm_core.training.fine_tuning.causal_llm import TUNINGS, CausalLLMTask, CausalSettings
from routellm_core.training.fine_tuning.rows import (
    LabelledPrompt,
    ModelClasses,
    read_outcomes,
    read_weak_qualities,
)
from routellm_core.training.fine_tuning.settings import FineTuningSettings
from routellm_core.training.fine_tuning.train import fine_tuned_router
from routellm_core.training.training_folder import remove_unfinished
from routellm_core.training.training_report import TrainingReport

ReadRows = Callable[[Sequence[Battle], Sequence[Label], ModelClasses], list[LabelledPrompt]]


@dataclass(frozen=True)
class FineTuningCommand:
    """One of the kinds.

    Attributes:
        kind: the name on the command line and in reports.
        SUMMARY: for the help.
        task: what is trained.
        defaults: of its settings.
        base: what the base model is, for the help.
        read_rows: makes rows of battles and labels.
        labels: the labels' names, in order.
    """

    kind: str
    SUMMARY: str
    task: type[Any]
    defaults: FineTuningSettings
    base: str
    read_rows: ReadRows
    labels: Sequence[str]

    @property
    def EXAMPLE(self) -> str:  # named as in the modules of the other kinds
        """An example of use and a row of its data."""
        return (
            f"  routellm train {self.kind} --battles battles.jsonl --strong A --weak B --base MODEL "
            "--out my_router\n"
            'a row: {"prompt": "Why?", "model_a": "A", "model_b": "B", "winner": "tie"}'
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the kind's arguments."""
        add_data_arguments(parser, classes=True)
        add_fine_tuning_arguments(parser, self.defaults, self.base)

    def run(self, options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
        """Train, save, and yield a summary."""
        check_out(options)
        settings = given_settings(options, self.defaults)
        classes = ModelClasses.from_lists(options.strong, options.weak)
        data = read_training_data(options)
        yield from data.notes
        rows = self.read_rows(data.battles, data.labels, classes)
        router, result = fine_tuned_router(
            self.task, options.base, rows, settings, out=options.out, resume=options.resume, say=say
        )
        router.save(options.out, name=options.name)
        numbers = Counter(row.label for row in rows)
        counts = {
            "rows": len(rows),
            "prompts": len({row.prompt for row in rows}),
            "rows_by_label": {name: numbers[label] for label, name in enumerate(self.labels)},
        }
        TrainingReport(
            kind=self.kind,
            strong=classes.strong,
            weak=classes.weak,
            base=Path(options.base).name,
            data=data.counts() | counts,
            settings=asdict(settings),
            metrics=result.to_dict(),
        ).write(options.out)
        remove_unfinished(options.out)
        yield (
            f"wrote {options.out}: held-out loss {result.held_out_loss:.4f} at step {result.best_step} of "
            f"{result.steps}, {result.constant_loss:.4f} ignoring the prompts"
        )


class CausalLLMCommand(FineTuningCommand):
    """`causal_llm`, which has two more settings."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the kind's arguments."""
        super().add_arguments(parser)
        defaults = CausalSettings()
        parser.add_argument(
            "--tuning",
            choices=TUNINGS,
            default=defaults.tuning,
            help="which weights are trained (default: %(default)s)",
        )
        parser.add_argument(
            "--rank", type=int, default=defaults.rank, help="rank of the LoRA matrices (default: %(default)s)"
        )


BERT = FineTuningCommand(
    kind="bert",
    SUMMARY="an encoder with three labels: strong wins, tie, weak wins (needs the extra train)",
    task=BertTask,
    defaults=FineTuningSettings(),
    base="a BERT-family encoder: a folder, a name on the Hub, or a router of this kind",
    read_rows=read_outcomes,
    labels=LABELS,
)

CAUSAL_LLM = CausalLLMCommand(
    kind="causal_llm",
    SUMMARY="a causal LM that predicts how good the weak answer will be, 1 to 5 (needs the extra train)",
    task=CausalLLMTask,
    defaults=CausalSettings(),
    base="a causal LM: a folder, a name on the Hub, or a router of this kind",
    read_rows=read_weak_qualities,
    labels=("1", "2", "3", "4", "5"),
)
