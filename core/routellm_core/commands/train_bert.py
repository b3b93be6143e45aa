"""`routellm train bert`: fine-tune an encoder on who won; needs the extra train."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator

from routellm_core.commands.fine_tuned import write_fine_tuned
from routellm_core.commands.training_arguments import (
    add_data_arguments,
    add_fine_tuning_arguments,
    given_settings,
    read_training_data,
)
from routellm_core.routers.bert import LABELS
from routellm_core.training.fine_tuning.bert import train_bert
from routellm_core.training.fine_tuning.model_classes import ModelClasses
from routellm_core.training.fine_tuning.outcomes import read_outcomes
from routellm_core.training.fine_tuning.settings import FineTuningSettings

SUMMARY = "an encoder with three labels: strong wins, tie, weak wins (needs the extra train)"

_DEFAULTS = FineTuningSettings()


def add_arguments(parser: ArgumentParser) -> None:
    """Say what this kind takes."""
    add_data_arguments(parser, classes=True)
    add_fine_tuning_arguments(
        parser, _DEFAULTS, "a BERT-family encoder: a folder, a name on the Hub, or a router of this kind"
    )


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Train, save, and yield what was written."""
    settings = given_settings(options, _DEFAULTS)
    classes = ModelClasses.from_lists(options.strong, options.weak)
    data = read_training_data(options, say)
    outcomes = read_outcomes(data.battles, data.labels, classes)
    router, result = train_bert(
        options.base, outcomes, settings, out=options.out, resume=options.resume, say=say
    )
    numbers = Counter(outcome.label for outcome in outcomes)
    counts = {
        "rows": len(outcomes),
        "prompts": len({outcome.prompt for outcome in outcomes}),
        "rows_by_label": {name: numbers[label] for label, name in enumerate(LABELS)},
    }
    yield write_fine_tuned(
        "bert",
        router,
        result,
        options,
        classes=classes,
        counts=data.counts() | counts,
        settings=settings,
    )
