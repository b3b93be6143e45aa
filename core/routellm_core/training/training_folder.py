"""TrainingFolder: where a training keeps its checkpoints, and how it resumes after a crash."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

NAME = "unfinished_training"
COMPLETE = "complete"
"""A file written last: a checkpoint without it was interrupted."""

_RUN = "run.json"


class TrainingFolder:
    """The folder `NAME` inside a router's own; it is removed when the router is saved."""

    def __init__(self, out: str | PathLike[str], identity: Mapping[str, Any]) -> None:
        """Store the place and the identity of this training.

        Args:
            out: the router's folder.
            identity: JSON values: settings, and a digest of the data.
        """
        self.path = Path(out) / NAME
        self._identity = json.loads(json.dumps(dict(identity)))

    def begin(self, *, resume: bool) -> Path | None:
        """Make the folder; return the newest complete checkpoint, or None to start at the beginning.

        Raises:
            FileExistsError: there is an unfinished training, and `resume` is False.
            ValueError: it has other settings or data.
        """
        run = self.path / _RUN
        if run.is_file():
            if not resume:
                raise FileExistsError(
                    f"{self.path} holds an unfinished training: continue with --resume, or delete that "
                    "folder."
                )
            self._check_same(json.loads(run.read_text()))
            for folder in self._checkpoints():
                if not (folder / COMPLETE).is_file():
                    shutil.rmtree(folder)
        else:
            self.path.mkdir(parents=True, exist_ok=True)
            run.write_text(json.dumps(self._identity, indent=2, sort_keys=True) + "\n")
        return max(self._checkpoints(), key=_step, default=None)

    def _checkpoints(self) -> list[Path]:
        return [path for path in self.path.glob("checkpoint-*") if path.is_dir()]

    def _check_same(self, before: Mapping[str, Any]) -> None:
        for key in sorted({*before, *self._identity}):
            if before.get(key) != self._identity.get(key):
                raise ValueError(
                    f"{self.path} was started with {key} {before.get(key)!r}, which is now "
                    f"{self._identity.get(key)!r}: resume with the same data and settings, "
                    "or delete that folder."
                )


def remove_unfinished(out: str | PathLike[str]) -> None:
    """Delete the training folder of the router's folder `out`, once the router is saved there."""
    shutil.rmtree(Path(out) / NAME)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])
