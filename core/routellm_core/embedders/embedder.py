"""Embedder: what a router needs of one (a structural type), and how a saved one is found again."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError

Embeddings = npt.NDArray[np.float32]

EMBEDDERS: dict[str, str] = {
    "openai": "routellm_core.embedders.openai:OpenAIEmbedder",
    "prompt": "routellm_core.embedders.default_router:PromptEmbedder",
    "sentence_transformers": "routellm_core.embedders.sentence_transformers:SentenceTransformersEmbedder",
    "static": "routellm_core.embedders.static:StaticEmbedder",
}
"""Kind of embedder, as a checkpoint names it -> "module:Class"."""


class EmbedderError(ValueError):
    """An embedder that failed, or answered with what is no embedding; the message names its model."""


@runtime_checkable
class Embedder(Protocol):
    """Anything that turns n prompts into an array of shape (n, d), row i for prompt i."""

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.floating[Any]]:
        """Return the embeddings, shape (n, d), finite."""
        ...


@runtime_checkable
class AsyncEmbedder(Embedder, Protocol):
    """An embedder that waits for something, such as a network, and can do so beside an event loop."""

    async def aembed(self, prompts: Sequence[str]) -> npt.NDArray[np.floating[Any]]:
        """Return what `embed` returns, without blocking the event loop, whichever loop it is."""
        ...


@runtime_checkable
class FoldableEmbedder(Embedder, Protocol):
    """An embedder that can project without making the embedding."""

    def folded(self, direction: npt.NDArray[np.float64]) -> Callable[[str], float]:
        """Return the function text -> embed([text])[0] · direction."""
        ...


@runtime_checkable
class SeparableEmbedder(Embedder, Protocol):
    """An embedder whose projections are sums over words and over features of the text."""

    def parts(
        self, text: str, direction: npt.NDArray[np.float64]
    ) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Return (word, part) and (feature, part), which add up to embed([text])[0] · direction."""
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


def check_embeddings(embeddings: object, shape: tuple[int, int | None], origin: str) -> Embeddings:
    """Return what an embedder made as float32, or say what is wrong with it.

    Args:
        embeddings: what is to be checked.
        shape: (n, d); d is None if it is not known before.
        origin: names the embedder and its model.

    Raises:
        EmbedderError: another shape, rows of different lengths, or a value that is not finite.
    """
    count, dimension = shape
    wanted = f"({count}, {'d' if dimension is None else dimension})"
    try:
        array = np.asarray(embeddings, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise EmbedderError(
            f"{origin} answered with what is no array of shape {wanted} ({error})."
        ) from error
    if array.ndim != 2 or len(array) != count or array.shape[1] != (dimension or array.shape[1]):
        raise EmbedderError(f"{origin} answered with shape {array.shape}, expected {wanted}.")
    if not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        raise EmbedderError(f"{origin} answered with {bad} values that are NaN or infinite.")
    return array


def check_width(embeddings: object, shape: tuple[int, int], embedder: Embedder) -> npt.NDArray[np.float64]:
    """Return an embedder's embeddings as float64 of the shape (n, D) that a router's weights need.

    Raises:
        EmbedderError: another shape.
    """
    array = np.asarray(embeddings, dtype=np.float64)
    if array.shape != shape:
        raise EmbedderError(
            f"{type(embedder).__name__}.embed() returned shape {array.shape}, expected {shape}: "
            "the router was trained with another embedder, or another dimension of it."
        )
    return array


def is_at_hand(embedder: Embedder) -> bool:
    """Return whether an embedder embeds without a network, and without loading another model first."""
    return bool(getattr(embedder, "scores_inline", False))


def probe_embeddings(dimension: int) -> npt.NDArray[np.float64]:
    """Return two rows of length 1 for the probe of a router whose embedder is not at hand, shape (2, d)."""
    row = np.full(dimension, 1.0 / math.sqrt(max(1, dimension)))
    return np.stack([row, row * np.where(np.arange(dimension) % 2, -1.0, 1.0)])


def stored_settings(checkpoint: Checkpoint, names: Collection[str]) -> dict[str, Any]:
    """Return the settings of the embedder saved in a router's checkpoint.

    Raises:
        CheckpointError: there is one that this kind of embedder does not store.
    """
    settings = {name: value for name, value in checkpoint.setting("embedder").items() if name != "kind"}
    foreign = sorted(settings.keys() - set(names))
    if foreign:
        raise CheckpointError(f"{checkpoint.origin}: the embedder can't be made of the settings {foreign}.")
    return settings


def embedder_parts(embedder: Embedder) -> EmbedderParts:
    """Return what a router's checkpoint stores of its embedder.

    Raises:
        TypeError: the embedder does not say how it is saved.
    """
    if not isinstance(embedder, SavableEmbedder):
        raise TypeError(
            f"the embedder {type(embedder).__name__} cannot be saved with the router: "
            "it defines no to_parts() and from_checkpoint()."
        )
    return embedder.to_parts()


def read_embedder(checkpoint: Checkpoint) -> Embedder:
    """Make the embedder saved in a router's checkpoint.

    Raises:
        CheckpointError: the checkpoint names a kind of embedder that this version does not know.
    """
    described = checkpoint.setting("embedder")
    kind = described.get("kind") if isinstance(described, dict) else None
    if not isinstance(kind, str) or kind not in EMBEDDERS:
        raise CheckpointError(
            f"{checkpoint.origin}: the embedder is of kind {kind!r}, known are {sorted(EMBEDDERS)}. "
            "Upgrade with: pip install -U routellm-plugins"
        )
    module, _, attribute = EMBEDDERS[kind].partition(":")
    found: type[SavableEmbedder] = getattr(importlib.import_module(module), attribute)
    return found.from_checkpoint(checkpoint)
