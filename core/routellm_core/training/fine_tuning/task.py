"""FineTuningTask: what one kind of fine-tuned router does its own way; `train.py` does all else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from routellm_core.router import Router
from routellm_core.training.fine_tuning.settings import FineTuningSettings
from routellm_core.transformer.network import Network

Settings = TypeVar("Settings", bound=FineTuningSettings)
Trained = TypeVar("Trained", bound=Router)


class FineTuningTask(ABC, Generic[Settings, Trained]):
    """One training: it reads its network when it is made, and makes the router of what became of it."""

    kind: ClassVar[str]
    """Which router, as a checkpoint names it."""

    def __init__(self, base: str, settings: Settings) -> None:
        """Store the settings and read the network.

        Args:
            base: a transformers folder, a model's name on the Hub, or a saved router of this kind.
            settings: of the training.

        Raises:
            CheckpointError: `base` can't be loaded.
            ValueError: it has too few positions for the settings.
        """
        self.settings = settings
        self.network = self.read(base)
        self.model: Any = self.network.model
        """What is trained: the network's own model, or an adapter around it."""

    @abstractmethod
    def read(self, base: str) -> Network:
        """Read the network to start from; what it lacks is made, from torch's random state."""

    def check_positions(self, positions: int | None, base: str) -> None:
        """Refuse a `max_length` beyond the positions that `base` has; None is no limit.

        Raises:
            ValueError: names both.
        """
        if positions is not None and self.settings.max_length > positions:
            raise ValueError(
                f"max_length is {self.settings.max_length}, but {Path(base).name} reads {positions} tokens: "
                "give fewer."
            )

    @abstractmethod
    def ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Return the token ids that the network reads of each prompt."""

    @abstractmethod
    def forward(self, model: Any, ids: Any, mask: Any, labels: Any) -> tuple[Any, Any]:
        """Return the mean loss and the logits, of shape (b, labels), from tensors (b, L), (b, L) and (b,)."""

    def begin(self) -> None:
        """Ready the model for training, once the rows are known to be fit for it."""

    @abstractmethod
    def router(self) -> Trained:
        """Return the router of the trained network."""
