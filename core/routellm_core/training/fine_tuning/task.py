"""FineTuningTask: what differs between kinds of fine-tuned router; `train.py` does the rest."""

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
    """One training: reads its network when constructed, and makes the router of the trained one."""

    kind: ClassVar[str]
    """The kind of router, as named in checkpoints."""

    def __init__(self, base: str, settings: Settings) -> None:
        """Store the settings and read the network.

        Args:
            base: a transformers folder, a model's name on the Hub, or a saved router of this kind.
            settings: the training's.

        Raises:
            CheckpointError: `base` can't be loaded.
            ValueError: it has too few positions for the settings.
        """
        self.settings = settings
        self.network = self.read(base)
        self.model: Any = self.network.model
        """The model to train: the network's own, or an adapter around it."""

    @abstractmethod
    def read(self, base: str) -> Network:
        """Read the network to start from; missing parts are initialized from torch's random state."""

    def check_positions(self, positions: int | None, base: str) -> None:
        """Reject a `max_length` beyond the positions of `base`; None means no limit.

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
        """Return the token ids that the network reads for each prompt."""

    @abstractmethod
    def forward(self, model: Any, ids: Any, mask: Any, labels: Any) -> tuple[Any, Any]:
        """Return the mean loss and the logits, of shape (b, labels), from tensors (b, L), (b, L) and (b,)."""

    def begin(self) -> None:
        """Prepare the model for training, once the rows are checked."""

    @abstractmethod
    def router(self) -> Trained:
        """Return the router of the trained network."""
