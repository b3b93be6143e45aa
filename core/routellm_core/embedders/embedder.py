"""Embedder: what a router needs of one (a structural type), and how a saved one is found again."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints import Checkpoint, CheckpointError

EMBEDDERS: dict[str, str] = {
    "prompt": "routellm_core.embedders.prompt:PromptEmbedder",
    "static": "routellm_core.embedders.static:StaticEmbedder",
}
"""Kind of embedder, as a checkpoint names it -> "module:Class"."""


@runtime_checkable
class Embedder(Protocol):
    """Anything that turns n prompts into an array of shape (n, d), row i for prompt i."""

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.floating[Any]]:
        """Return the embeddings, shape (n, d), finite."""
        ...


@runtime_checkable
class FoldableEmbedder(Embedder, Protocol):
    """An embedder that can project without making the embedding."""

    def folded(self, direction: npt.NDArray[np.float64]) -> Callable[[str], float]:
        """Return the function text -> embed([text])[0] · direction."""
        ...


@dataclass(frozen=True)
class EmbedderParts:
    """A saved embedder: what goes into a router's checkpoint beside the router's own weights.

    Attributes:
        kind: a key of `EMBEDDERS`.
        settings: JSON values.
        tensors: name -> array; the checkpoint stores them under "embedder.<name>".
        files: file name -> content.
    """

    kind: str
    settings: Mapping[str, Any]
    tensors: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


@runtime_checkable
class SavableEmbedder(Embedder, Protocol):
    """An embedder that can be saved inside a router's checkpoint."""

    def to_parts(self) -> EmbedderParts:
        """Describe this embedder."""
        ...

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> Embedder:
        """Make the embedder from a checkpoint that holds its parts."""
        ...


def read_embedder(checkpoint: Checkpoint) -> Embedder:
    """Make the embedder saved in a router's checkpoint.

    Raises:
        CheckpointError: the checkpoint names a kind of embedder that this version does not know.
    """
    described = checkpoint.setting("embedder")
    kind = described.get("kind") if isinstance(described, dict) else None
    if kind not in EMBEDDERS:
        raise CheckpointError(
            f"{checkpoint.origin}: the embedder is of kind {kind!r}, known are {sorted(EMBEDDERS)}. "
            "Upgrade with: pip install -U routellm-plugins"
        )
    module, _, attribute = EMBEDDERS[kind].partition(":")
    found: type[SavableEmbedder] = getattr(importlib.import_module(module), attribute)
    return found.from_checkpoint(checkpoint)
