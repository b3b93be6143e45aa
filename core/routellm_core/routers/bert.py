"""BertRouter: a sequence classifier that reads the prompt and says who wins, or that neither does.

The published checkpoint is XLM-RoBERTa-base; any BERT-family classifier of transformers with the same three
labels will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.embedders.text import clipped
from routellm_core.router import Scores, UnchangingRouter, check_prompts
from routellm_core.routing.validation import check_count
from routellm_core.transformer.batches import token_batches
from routellm_core.transformer.network import Network, torch_modules

KIND = "bert"
LABELS = ("strong wins", "tie", "weak wins")
"""What the labels 0, 1 and 2 mean."""

MAX_LENGTH = 512


class BertRouter(UnchangingRouter):
    """P(strong wins | q) = softmax(logits)[0] over the labels strong wins, tie, weak wins.

    A tie counts against the strong model: the score is below the win rate with ties as half. (The paper,
    section 4, writes a sigmoid of one logit; the published code and checkpoint have these three.)
    """

    def __init__(
        self,
        network: Network,
        *,
        max_length: int = MAX_LENGTH,
        batch_size: int = 32,
        device: str | None = None,
        score_quantiles: Scores | None = None,
    ) -> None:
        """Take the network, moved to `device`.

        Args:
            network: a classifier with three labels, and its tokenizer.
            max_length: tokens that are read, special tokens included; the end of a longer prompt is not.
            batch_size: prompts in one forward pass at most.
            device: such as "cpu" or "cuda:1"; None is the GPU where there is one.
            score_quantiles: see `Router.score_quantiles`.

        Raises:
            CheckpointError: the network has not three labels.
            ValueError: max_length is below 3 or batch_size below 1.
        """
        check_labels(network, "the network")
        check_count(max_length, "max_length", at_least=3)
        check_count(batch_size, "batch_size")
        self.network = network.on_device(device)
        self.network.tokenizer.truncation_side = "right"
        self.max_length = min(max_length, int(network.tokenizer.model_max_length))
        self.batch_size = batch_size
        self.score_quantiles = score_quantiles
        # A tokenizer that changes its truncation while another thread uses it fails: set it once, here.
        self._ids([""])

    def score(self, prompts: Sequence[str]) -> Scores:
        """Return P(strong wins) per prompt, shape (n,); prompts of like length share a forward pass."""
        checked = check_prompts(prompts)
        scores = np.zeros(len(checked))
        if not checked:
            return scores
        torch, _ = torch_modules()
        model = self.network.model
        pad = int(self.network.tokenizer.pad_token_id or 0)
        with torch.inference_mode():
            for batch in token_batches(self._ids(checked), self.batch_size, pad):
                logits = model(
                    input_ids=torch.from_numpy(batch.ids).to(model.device),  # (b, L)
                    attention_mask=torch.from_numpy(batch.mask).to(model.device),  # (b, L)
                ).logits  # (b, 3)
                scores[batch.positions] = torch.softmax(logits.double(), dim=-1)[:, 0].cpu().numpy()
        return np.clip(scores, 0.0, 1.0)

    @classmethod
    def from_published(
        cls,
        folder: str | PathLike[str],
        *,
        device: str | None = None,
        dtype: str | None = None,
        **settings: Any,
    ) -> BertRouter:
        """Load the published layout: a transformers folder with config.json, model.safetensors, tokenizer.

        Args:
            folder: the folder.
            device: see the constructor.
            dtype: such as "bfloat16"; None keeps the stored type.
            settings: other constructor settings.

        Raises:
            ImportError: names the extra.
            CheckpointError: a file is missing or damaged, or the labels are not three.
        """
        network = Network.from_folder(folder, "sequence_classification", dtype=dtype)
        check_labels(network, str(folder))
        return cls(network, device=device, **settings)

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router; the network's files are in transformers' own formats."""
        quantiles = {} if self.score_quantiles is None else {"score_quantiles": self.score_quantiles}
        settings = {"max_length": self.max_length, "batch_size": self.batch_size}
        return Checkpoint(KIND, settings, quantiles, self.network.to_files())

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> BertRouter:
        """Make the router that `to_checkpoint` described, on the GPU where there is one."""
        network = Network.from_checkpoint(checkpoint, "sequence_classification")
        check_labels(network, checkpoint.origin)
        with checkpoint.reading():
            return cls(
                network,
                max_length=int(checkpoint.setting("max_length")),
                batch_size=int(checkpoint.setting("batch_size")),
                score_quantiles=checkpoint.score_quantiles,
            )

    def _ids(self, prompts: list[str]) -> list[list[int]]:
        found = self.network.tokenizer(
            [clipped(prompt) for prompt in prompts],
            truncation=True,
            max_length=self.max_length,
            padding=False,
        )
        rows: list[list[int]] = found["input_ids"]
        return rows


def check_labels(network: Network, origin: str) -> None:
    """Say what is wrong with a classifier that has not the three labels.

    Raises:
        CheckpointError: names how many labels there are, and what they are called.
    """
    names = network.model.config.id2label
    if len(names) != len(LABELS):
        raise CheckpointError(
            f"{origin} has {len(names)} labels ({', '.join(map(str, names.values()))}), "
            f"expected {len(LABELS)}: "
            + ", ".join(f"{number} = {meaning}" for number, meaning in enumerate(LABELS))
            + ". Train a router of kind bert, or give another checkpoint."
        )
