"""BertTask: trains every weight of an encoder on who won."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.checkpoint import read_checkpoint
from routellm_core.embedders.text import clipped
from routellm_core.routers.bert import KIND, LABELS, BertRouter
from routellm_core.training.fine_tuning.settings import FineTuningSettings
from routellm_core.training.fine_tuning.task import FineTuningTask
from routellm_core.transformer.network import PREFIX, Network


class BertTask(FineTuningTask[FineTuningSettings, BertRouter]):
    """An encoder with three labels; rows are those of `read_outcomes`."""

    kind = KIND

    def read(self, base: str) -> Network:
        """Read the encoder; a missing head is initialized."""
        if (Path(base) / f"{PREFIX}config.json").is_file():
            network = Network.from_checkpoint(read_checkpoint(base), "sequence_classification")
        else:
            names = dict(enumerate(LABELS))
            network = Network.from_folder(
                base,
                "sequence_classification",
                dtype="float32",
                complete=False,
                id2label=names,
                label2id={name: number for number, name in names.items()},
            )
        # RoBERTa has two positions more than it can use; its tokenizer has the right limit.
        limits = network.model.config.max_position_embeddings, network.tokenizer.model_max_length
        self.check_positions(min(limits), base)
        return network

    def ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of each prompt's head."""
        found: list[list[int]] = self.network.tokenizer(
            [clipped(prompt) for prompt in prompts], truncation=True, max_length=self.settings.max_length
        )["input_ids"]
        return found

    def forward(self, model: Any, ids: Any, mask: Any, labels: Any) -> tuple[Any, Any]:
        """Return the cross-entropy over the three labels, and their logits, (b, 3)."""
        import torch

        logits = model(input_ids=ids, attention_mask=mask).logits.float()
        return torch.nn.functional.cross_entropy(logits, labels), logits

    def router(self) -> BertRouter:
        """Return the router of the trained encoder."""
        return BertRouter(self.network, max_length=self.settings.max_length, device=self.settings.device)
