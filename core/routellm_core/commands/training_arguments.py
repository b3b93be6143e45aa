"""Arguments shared by the kinds of `routellm train`, and the data they name."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from routellm_core.commands.note import Note
from routellm_core.commands.out_folder import add_out_arguments
from routellm_core.commands.reading_arguments import add_reading_arguments, reading_options
from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.sifting import sift_battles, sift_labels
from routellm_core.training.fine_tuning.settings import PRECISIONS, FineTuningSettings

Settings = TypeVar("Settings", bound=FineTuningSettings)


@dataclass(frozen=True)
class TrainingData:
    """What was read, and from which files."""

    battles: list[Battle]
    labels: list[Label]
    files: tuple[str, ...]
    notes: tuple[Note, ...] = ()

    def counts(self) -> dict[str, Any]:
        """Return plain values for a report; files by name only."""
        return {"files": list(self.files), "battles": len(self.battles), "labels": len(self.labels)}


def add_data_arguments(parser: ArgumentParser, *, classes: bool = False) -> None:
    """Add the arguments of every kind: data, the pair, where to write, the seed.

    Args:
        parser: of one kind.
        classes: whether each side may be several models.
    """
    name = "NAME[,NAME...]" if classes else "NAME"
    several = ", or several names" if classes else ""
    parser.add_argument(
        "--battles", metavar="FILE", help="rows of prompt, model_a, model_b, winner (model_a, model_b or tie)"
    )
    parser.add_argument(
        "--labels", metavar="FILE", help="rows of prompt and scores, an object of model -> number"
    )
    for side in ("strong", "weak"):
        parser.add_argument(
            f"--{side}", required=True, metavar=name, help=f"the {side} model's name in the files{several}"
        )
    add_out_arguments(parser)
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: %(default)s)")
    add_reading_arguments(parser)


def add_fine_tuning_arguments(parser: ArgumentParser, defaults: FineTuningSettings, base: str) -> None:
    """Add the arguments of the kinds that fine-tune a transformer.

    Args:
        parser: of one kind.
        defaults: the values shown and used if none are given.
        base: what the base model is, for the help.
    """
    parser.add_argument("--base", required=True, metavar="MODEL", help=base)
    arguments = (
        ("--steps", "max_steps", "most optimizer steps"),
        ("--batch-size", "batch_size", "rows per step"),
        ("--learning-rate", "learning_rate", "peak learning rate; it falls linearly to 0"),
        ("--max-length", "max_length", "most tokens of a prompt"),
        ("--interval", "interval", "steps between checkpoints, each with a held-out evaluation"),
        ("--patience", "patience", "evaluations without improvement before training stops"),
        ("--held-out", "held_out_share", "share of the prompts to hold out"),
    )
    add_setting_arguments(parser, defaults, arguments)
    parser.add_argument("--device", metavar="NAME", help="cpu or cuda (default: the GPU, if there is one)")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=defaults.precision,
        help="precision of matrix products; auto is bfloat16 on a GPU that supports it (default: "
        "%(default)s)",
    )
    add_resume_argument(parser)


def add_setting_arguments(
    parser: ArgumentParser, defaults: object, arguments: Sequence[tuple[str, str, str]]
) -> None:
    """Add an argument for each (option, field of the settings, help), with the field's type and default."""
    for option, field, text in arguments:
        default = getattr(defaults, field)
        parser.add_argument(
            option,
            dest=field,
            type=type(default),
            default=default,
            metavar="N",
            help=f"{text} (default: %(default)s)",
        )


def add_resume_argument(parser: ArgumentParser) -> None:
    """Add `--resume`."""
    parser.add_argument(
        "--resume", action="store_true", help="continue from the last checkpoint of an interrupted training"
    )


def given_settings(options: Namespace, defaults: Settings) -> Settings:
    """Return the settings that the arguments give, of the same class as the defaults."""
    given = {name: value for name, value in vars(options).items() if name in vars(defaults)}
    return replace(defaults, **given)


def read_training_data(options: Namespace) -> TrainingData:
    """Read the files that the arguments name.

    Raises:
        DataError: one can't be read.
    """
    if not (options.battles or options.labels):
        raise ValueError("nothing to train on: give --battles, --labels or both.")
    reading, notes = reading_options(options), []
    battles: list[Battle] = []
    labels: list[Label] = []
    if options.battles:
        sifted = sift_battles(options.battles, reading)
        battles = list(sifted.items)
        notes.append(Note(f"{options.battles}: {sifted.sentence('battles')}"))
    if options.labels:
        # In a table with a column per model, only the named ones are models: others may be ids and times.
        models = [*options.strong.split(","), *options.weak.split(",")]
        found = sift_labels(options.labels, reading, models=models)
        labels = list(found.items)
        notes.append(Note(f"{options.labels}: {found.sentence('labels')}"))
    files = tuple(Path(path).name for path in (options.battles, options.labels) if path)
    return TrainingData(battles, labels, files, tuple(notes))
