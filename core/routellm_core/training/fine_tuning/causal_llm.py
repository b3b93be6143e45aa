"""CausalLLMTask: trains LoRA or every weight of a causal LM, with the loss only on the label token.

The paper trains every weight of Llama 3 8B; LoRA and the labels made from battles are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.checkpoint import read_checkpoint
from routellm_core.embedders.text import valid_unicode
from routellm_core.routers.causal_llm import KIND, CausalLLMRouter
from routellm_core.routing.validation import check_count
from routellm_core.training.fine_tuning.settings import FineTuningSettings
from routellm_core.training.fine_tuning.task import FineTuningTask
from routellm_core.transformer.label_tokens import add_label_tokens
from routellm_core.transformer.network import PREFIX, Network
from routellm_core.transformer.next_token import next_token_logits
from routellm_core.transformer.prediction_prompt import PredictionPrompt

TUNINGS = ("lora", "full")


@dataclass(frozen=True)
class CausalSettings(FineTuningSettings):
    """How to fine-tune; see `FineTuningSettings` for the rest.

    The defaults are the paper's for steps, batch and length; its learning rate, 1e-6, is for full tuning.

    Attributes:
        tuning: "lora" or "full".
        rank: of LoRA's matrices; their scale is twice the rank.
    """

    batch_size: int = 8
    learning_rate: float = 1e-4
    max_length: int = 2048
    tuning: str = "lora"
    rank: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tuning not in TUNINGS:
            raise ValueError(f"tuning is {self.tuning!r}, expected one of {list(TUNINGS)}.")
        check_count(self.rank, "rank")


class CausalLLMTask(FineTuningTask[CausalSettings, CausalLLMRouter]):
    """A causal LM whose next token is the label; rows are those of `read_weak_qualities`."""

    kind = KIND

    def read(self, base: str) -> Network:
        """Read the language model, add its label tokens, and choose its prompt.

        A base with its own markup is prompted in that.
        """
        if (Path(base) / f"{PREFIX}config.json").is_file():
            checkpoint = read_checkpoint(base)
            network = Network.from_checkpoint(checkpoint, "causal_lm")
            self.prompt = PredictionPrompt(**checkpoint.setting("prompt"))
        else:
            network = Network.from_folder(base, "causal_lm", dtype="float32")
            has_markup = bool(network.tokenizer.chat_template)
            self.prompt = PredictionPrompt(markup="chat_template" if has_markup else "plain")
        positions = getattr(network.model.config, "max_position_embeddings", None)
        self.check_positions(positions, base)
        self.labels = add_label_tokens(network)
        return network

    def ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of the prompt around each question."""
        tokenizer, limit = self.network.tokenizer, self.settings.max_length
        found = {text: self.prompt.ids(valid_unicode(text), tokenizer, limit) for text in set(prompts)}
        return [found[text] for text in prompts]

    def begin(self) -> None:
        """Put an adapter around the model, if that is what is trained."""
        if self.settings.tuning == "lora":
            self.model = _with_adapter(self.network.model, self.labels, self.settings.rank)

    def forward(self, model: Any, ids: Any, mask: Any, labels: Any) -> tuple[Any, Any]:
        """Return the cross-entropy over the whole vocabulary, and the labels' logits, (b, 5)."""
        # The label must become the likeliest token, not only the likeliest label.
        import torch

        tokens = torch.tensor(self.labels, device=ids.device)  # (5,)
        logits = next_token_logits(model, ids, mask).float()  # (b, V)
        return torch.nn.functional.cross_entropy(logits, tokens[labels]), logits[:, tokens]

    def router(self) -> CausalLLMRouter:
        """Return the router of the trained model, an adapter merged."""
        settings, network = self.settings, self.network
        if settings.tuning == "lora":
            network = Network(self.model.merge_and_unload(), network.tokenizer)
        return CausalLLMRouter(network, self.prompt, max_length=settings.max_length, device=settings.device)


def _with_adapter(model: Any, labels: list[int], rank: int) -> Any:
    from peft import LoraConfig, get_peft_model

    # The label tokens are new, so their rows of the output layer are trained too, besides LoRA's matrices.
    table = model.get_output_embeddings()
    if table.weight is model.get_input_embeddings().weight:
        table = model.get_input_embeddings()  # the output layer follows
    (name,) = (name.rpartition(".")[2] for name, module in model.named_modules() if module is table)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=rank,
        lora_alpha=2 * rank,
        target_modules="all-linear",
        trainable_token_indices={name: labels},
    )
    adapted: Any = get_peft_model(model, config)
    # Otherwise peft looks up the base, even on the Hub, and writes the token table into each checkpoint.
    config.base_model_name_or_path = ""
    return adapted
