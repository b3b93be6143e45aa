"""`routellm train causal_llm`: a causal LM that foresees the weak answer's quality; needs the extra train."""

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
from routellm_core.training.fine_tuning.causal_llm import TUNINGS, CausalSettings, train_causal_llm
from routellm_core.training.fine_tuning.model_classes import ModelClasses
from routellm_core.training.fine_tuning.weak_quality import read_weak_qualities

SUMMARY = "a causal LM that foresees how good the weak answer will be, 1 to 5 (needs the extra train)"

_DEFAULTS = CausalSettings()


def add_arguments(parser: ArgumentParser) -> None:
    """Say what this kind takes."""
    add_data_arguments(parser, classes=True)
    add_fine_tuning_arguments(
        parser, _DEFAULTS, "a causal LM: a folder, a name on the Hub, or a router of this kind"
    )
    parser.add_argument(
        "--tuning", choices=TUNINGS, default=_DEFAULTS.tuning, help="what is trained (default: %(default)s)"
    )
    parser.add_argument(
        "--rank", type=int, default=_DEFAULTS.rank, help="of LoRA's matrices (default: %(default)s)"
    )


def run(options: Namespace, say: Callable[[str], None]) -> Iterator[str]:
    """Train, save, and yield what was written."""
    settings = given_settings(options, _DEFAULTS)
    classes = ModelClasses.from_lists(options.strong, options.weak)
    data = read_training_data(options, say)
    qualities = read_weak_qualities(data.battles, data.labels, classes)
    router, result = train_causal_llm(
        options.base, qualities, settings, out=options.out, resume=options.resume, say=say
    )
    numbers = Counter(row.quality for row in qualities)
    counts = {
        "rows": len(qualities),
        "prompts": len({row.prompt for row in qualities}),
        "rows_by_label": {str(label): numbers[label] for label in range(1, 6)},
    }
    yield write_fine_tuned(
        "causal_llm",
        router,
        result,
        options,
        classes=classes,
        counts=data.counts() | counts,
        settings=settings,
    )
