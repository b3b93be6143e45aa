"""PublishedRouter: where a checkpoint of the paper's authors is hosted, and how to recognize its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.files import (
    CONFIG_FILE,
    TENSOR_FILE,
    CheckpointError,
    read_json,
    tensor_header,
)
from routellm_core.checkpoints.hub import download
from routellm_core.checkpoints.plain_file import MOST_CONFIG_BYTES, opened_plain


@dataclass(frozen=True)
class PublishedRouter:
    """One published checkpoint.

    Attributes:
        repository: its id on the Hub.
        revision: the pinned commit, so that a name always gives the same scores.
        router: "module:Class"; the class loads a folder by its `from_published(folder, **settings)`.
        architecture: how the architecture's name in a transformers configuration ends; "" for none.
        tensors: tensor names found only in this layout; empty if there are none.
        sha256: file -> digest, for files with known content.
        repo_type: "model" or "dataset".
    """

    repository: str
    revision: str
    router: str
    architecture: str = ""
    tensors: tuple[str, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
    repo_type: str = "model"

    def folder(self, revision: str | None = None) -> Path:
        """Fetch the checkpoint, or find it where it was fetched before; None for the pinned revision.

        Raises:
            CheckpointError: the Hub can't be reached, or a file differs from the published one.
        """
        return download(
            self.repository,
            revision or self.revision,
            sha256=self.sha256 if revision is None else None,
            repo_type=self.repo_type,
        )

    def fits(self, folder: Path) -> bool:
        """Return whether a folder holds files of this layout, complete or not."""
        names = _tensor_names(folder / TENSOR_FILE) if self.tensors else set()
        if names.intersection(self.tensors):
            return True
        architectures = read_configuration(folder).get("architectures")
        return (
            bool(self.architecture)
            and isinstance(architectures, list)
            and any(str(name).endswith(self.architecture) for name in architectures)
        )


def read_configuration(folder: Path) -> dict[str, Any]:
    """Return the JSON object in a folder's `config.json`; an empty one if there is none."""
    try:
        configuration = read_json(folder / CONFIG_FILE)
    except CheckpointError:
        return {}
    return configuration if isinstance(configuration, dict) else {}


def _tensor_names(path: Path) -> set[str]:
    try:
        with opened_plain(path) as stream:
            return set(tensor_header(stream.read(MOST_CONFIG_BYTES + 8)))
    except (OSError, ValueError):
        return set()
