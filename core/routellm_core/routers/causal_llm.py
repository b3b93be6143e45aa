"""CausalLLMRouter: a causal language model that says, by one label token, how good weak's answer will be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.checkpoints.plain_file import MOST_CONFIG_BYTES, read_plain
from routellm_core.embedders.text import valid_unicode
from routellm_core.router import Scores, UnchangingRouter, check_prompts
from routellm_core.routing.validation import check_count
from routellm_core.transformer.batches import token_batches
from routellm_core.transformer.label_tokens import label_ids, name_label_tokens
from routellm_core.transformer.network import Network, torch_modules
from routellm_core.transformer.next_token import next_token_logits
from routellm_core.transformer.prediction_prompt import PredictionPrompt

KIND = "causal_llm"
SYSTEM_FILE = "system_ft_v5.txt"
QUESTION_FILE = "classifier_ft_v5.txt"
"""The prompt's texts in the published checkpoint."""

GOOD_FROM = 3
"""Position of the first label, [[4]], at which the weak answer is good enough."""


class CausalLLMRouter(UnchangingRouter):
    """P(strong preferred | q) = 1 − P(label >= 4), the softmax taken over the five labels' logits alone.

    Label n is the predicted quality, 1 to 5, of the weak model's answer. (The paper, section 4, writes a
    softmax over labels of comparisons; the published code and checkpoint have these five.) The published code
    generates the assistant's header and then the label; here the header is part of the prompt, so that one
    forward pass suffices.
    """

    def __init__(
        self,
        network: Network,
        prompt: PredictionPrompt,
        *,
        max_length: int = 2048,
        batch_size: int = 8,
        label_must_win: bool = False,
        device: str | None = None,
        score_quantiles: Scores | None = None,
    ) -> None:
        """Take the network, moved to `device`.

        Args:
            network: a causal LM whose vocabulary holds the label tokens, and its tokenizer.
            prompt: the texts around a question.
            max_length: tokens of a prompt at most; a longer question loses its end.
            batch_size: prompts in one forward pass at most.
            label_must_win: score 1 where the likeliest next token is no label, as the published code does
                where it finds none.
            device: such as "cpu" or "cuda:1"; None is the GPU where there is one.
            score_quantiles: see `Router.score_quantiles`.

        Raises:
            CheckpointError: the vocabulary lacks a label token.
            ValueError: max_length has no room for the prompt around a question, or batch_size is below 1.
        """
        self._labels = label_ids(network, "the network")
        check_count(batch_size, "batch_size")
        self.network = network.on_device(device)
        self.prompt = prompt
        self.max_length = max_length
        self.batch_size = batch_size
        self.label_must_win = label_must_win
        self.score_quantiles = score_quantiles
        # Refuses a max_length that is too small at once, and readies the tokenizer before threads share it.
        prompt.ids("x" * max_length, network.tokenizer, max_length)

    def score(self, prompts: Sequence[str]) -> Scores:
        """Return 1 − P(label >= 4) per prompt, shape (n,); prompts of like length share a forward pass."""
        checked = check_prompts(prompts)
        scores = np.zeros(len(checked))
        if not checked:
            return scores
        torch, _ = torch_modules()
        tokenizer = self.network.tokenizer
        rows = [self.prompt.ids(valid_unicode(text), tokenizer, self.max_length) for text in checked]
        with torch.inference_mode():
            for batch in token_batches(rows, self.batch_size, int(tokenizer.pad_token_id or 0)):
                ids = torch.from_numpy(batch.ids).to(self.network.model.device)  # (b, L)
                mask = torch.from_numpy(batch.mask).to(ids.device)  # (b, L)
                logits = next_token_logits(self.network.model, ids, mask)  # (b, V)
                labels = torch.softmax(logits[:, self._labels].double(), dim=-1)  # (b, 5)
                found = 1.0 - labels[:, GOOD_FROM:].sum(dim=-1)  # (b,)
                if self.label_must_win:
                    wins = torch.isin(logits.argmax(dim=-1), torch.tensor(self._labels, device=logits.device))
                    found = torch.where(wins, found, 1.0)
                scores[batch.positions] = found.cpu().numpy()
        return np.clip(scores, 0.0, 1.0)

    @classmethod
    def from_published(
        cls,
        folder: str | PathLike[str],
        *,
        tokenizer: str | PathLike[str] | None = None,
        device: str | None = None,
        dtype: str | None = None,
        allow_hosts: Collection[str] = (),
        **settings: Any,
    ) -> CausalLLMRouter:
        """Load the published layout: a transformers folder with the two texts of the prompt.

        Args:
            folder: config.json, safetensors (in shards, too, or a LoRA adapter), `SYSTEM_FILE`,
                `QUESTION_FILE`, and the tokenizer, where the publisher's licence let it be there.
            tokenizer: where to read the tokenizer from, if not from the folder: the base model's folder or
                name (Meta-Llama-3-8B, which is gated). Label tokens that it lacks are appended.
            device: see the constructor.
            dtype: such as "bfloat16"; None keeps the stored type.
            allow_hosts: see `load_router`.
            settings: other constructor settings.

        Raises:
            ImportError: names the extra.
            CheckpointError: a file is missing or damaged, or the tokenizer does not fit the model.
        """
        texts = [_stripped(Path(folder) / name) for name in (SYSTEM_FILE, QUESTION_FILE)]
        network = Network.from_folder(
            folder, "causal_lm", tokenizer=tokenizer, dtype=dtype, allow_hosts=allow_hosts
        )
        name_label_tokens(network)
        label_ids(network, str(folder))
        try:
            prompt = PredictionPrompt(texts[0], texts[1], "llama3")
        except ValueError as error:
            raise CheckpointError(f"{Path(folder) / QUESTION_FILE}: {error}") from error
        # The original cuts nothing off; this is as much as the model has positions for.
        longest = int(network.model.config.max_position_embeddings)
        settings = {"max_length": longest, "label_must_win": True} | settings
        return cls(network, prompt, device=device, **settings)

    def to_checkpoint(self) -> Checkpoint:
        """Describe this router; the network's files are in transformers' own formats."""
        quantiles = {} if self.score_quantiles is None else {"score_quantiles": self.score_quantiles}
        settings = {
            "prompt": dict(vars(self.prompt)),
            "max_length": self.max_length,
            "batch_size": self.batch_size,
            "label_must_win": self.label_must_win,
        }
        return Checkpoint(KIND, settings, quantiles, self.network.to_files())

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> CausalLLMRouter:
        """Make the router that `to_checkpoint` described, on the GPU where there is one."""
        network = Network.from_checkpoint(checkpoint, "causal_lm")
        label_ids(network, checkpoint.origin)
        with checkpoint.reading():
            return cls(
                network,
                PredictionPrompt(**checkpoint.setting("prompt")),
                max_length=int(checkpoint.setting("max_length")),
                batch_size=int(checkpoint.setting("batch_size")),
                label_must_win=bool(checkpoint.setting("label_must_win")),
                score_quantiles=checkpoint.score_quantiles,
            )


def _stripped(path: Path) -> str:
    try:
        return read_plain(path, most=MOST_CONFIG_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(
            f"{path} can't be read ({error}): the published checkpoint holds its prompt's texts. "
            "Fetch it again."
        ) from error
