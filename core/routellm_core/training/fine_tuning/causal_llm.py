"""Train a causal-LLM classifier: LoRA or every weight, the loss on the label token alone (section 4).

The paper trains every weight of Llama 3 8B; LoRA, early stopping on held-out prompts and the labels made from
battles are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.checkpoint import read_checkpoint
from routellm_core.embedders.text import valid_unicode
from routellm_core.routers.causal_llm import KIND, CausalLLMRouter
from routellm_core.routing.validation import check_count
from routellm_core.training.fine_tuning.settings import (
    FineTuned,
    FineTuningRows,
    FineTuningSettings,
    Say,
    check_extra,
)
from routellm_core.training.fine_tuning.weak_quality import WeakQuality
from routellm_core.training.held_out import held_out
from routellm_core.training.score_sample import with_sample_quantiles
from routellm_core.training.training_folder import TrainingFolder
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


def train_causal_llm(
    base: str,
    qualities: Sequence[WeakQuality],
    settings: CausalSettings,
    *,
    out: str | Path,
    resume: bool = False,
    say: Say = lambda line: None,
) -> tuple[CausalLLMRouter, FineTuned]:
    """Fine-tune a causal LM; the caller saves the router and then calls `remove_unfinished`.

    Args:
        base: a causal LM: a transformers folder, a model's name on the Hub, or a saved router of this kind.
        qualities: prompts with the quality of the weak answer.
        settings: see `CausalSettings`.
        out: the router's folder, which holds the checkpoints until then.
        resume: go on from the last checkpoint in `out`.
        say: is told the progress.

    Returns:
        The router with score quantiles (a LoRA adapter merged), and what the training came to.

    Raises:
        ImportError: names the extra.
        CheckpointError: `base` can't be loaded.
        DataError: too few prompts, or the loss was never finite.
        ValueError: max_length has no room for the prompt around a question, `resume` does not fit, or
            this machine lacks what the settings ask for.
    """
    check_extra()
    from routellm_core.training.fine_tuning.hardware import Hardware
    from routellm_core.training.fine_tuning.random_state import own_random_state
    from routellm_core.training.fine_tuning.trainer import fine_tune

    prompts = [row.prompt for row in qualities]
    chosen = held_out(prompts, settings.held_out_share, settings.seed)
    hardware = Hardware.chosen(settings)
    with own_random_state(settings.seed):
        network, prompt = language_model(base, settings.max_length)
        labels = add_label_tokens(network)
        ids = {
            text: prompt.ids(valid_unicode(text), network.tokenizer, settings.max_length)
            for text in dict.fromkeys(prompts)
        }
        train, test = FineTuningRows.split(
            [ids[text] for text in prompts], [row.quality - 1 for row in qualities], chosen
        )
        say(f"{len(train)} rows to train on, {len(test)} of other prompts held out")
        digests = [train.digest(), test.digest()]
        folder = TrainingFolder(
            out, {**asdict(settings), "kind": KIND, "base": Path(base).name, "data": digests}
        )
        checkpoint = folder.begin(resume=resume)
        model = _with_adapter(network.model, labels, settings) if settings.tuning == "lora" else network.model
        result = fine_tune(
            model,
            lambda *batch: _forward(labels, *batch),
            train,
            test,
            settings,
            hardware=hardware,
            pad=int(network.tokenizer.pad_token_id or 0),
            folder=folder.path,
            checkpoint=checkpoint,
            say=say,
        )
        if settings.tuning == "lora":
            network = Network(model.merge_and_unload(), network.tokenizer)
    router = CausalLLMRouter(network, prompt, max_length=settings.max_length, device=settings.device)
    return with_sample_quantiles(router, prompts, chosen), result


def language_model(base: str, max_length: int) -> tuple[Network, PredictionPrompt]:
    """Read the network to start from, and the prompt to ask it with: its own markup where it has one.

    Raises:
        CheckpointError: it can't be loaded.
        ValueError: it has fewer positions than `max_length`.
    """
    if (Path(base) / f"{PREFIX}config.json").is_file():
        checkpoint = read_checkpoint(base)
        network = Network.from_checkpoint(checkpoint, "causal_lm")
        prompt = PredictionPrompt(**checkpoint.setting("prompt"))
    else:
        network = Network.from_folder(base, "causal_lm", dtype="float32")
        prompt = PredictionPrompt(markup="chat_template" if network.tokenizer.chat_template else "plain")
    positions = getattr(network.model.config, "max_position_embeddings", None)
    if positions is not None and max_length > positions:
        raise ValueError(
            f"max_length is {max_length}, but {Path(base).name} reads {positions} tokens: give fewer."
        )
    return network, prompt


def _with_adapter(model: Any, labels: list[int], settings: CausalSettings) -> Any:
    from peft import LoraConfig, get_peft_model

    # The label tokens are new: their rows of the output layer are trained, too, beside LoRA's matrices.
    table = model.get_output_embeddings()
    if table.weight is model.get_input_embeddings().weight:
        table = model.get_input_embeddings()  # the output layer follows
    (name,) = (name.rpartition(".")[2] for name, module in model.named_modules() if module is table)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=2 * settings.rank,
        target_modules="all-linear",
        trainable_token_indices={name: labels},
    )
    adapted: Any = get_peft_model(model, config)
    # Else peft looks the base up, on the Hub too, and writes the whole table of tokens into each checkpoint.
    config.base_model_name_or_path = ""
    return adapted


def _forward(labels: list[int], model: Any, ids: Any, mask: Any, wanted: Any) -> tuple[Any, Any]:
    # Over the whole vocabulary: the label must become the likeliest token, not only the likeliest label.
    import torch

    tokens = torch.tensor(labels, device=ids.device)  # (5,)
    logits = next_token_logits(model, ids, mask).float()  # (b, V)
    return torch.nn.functional.cross_entropy(logits, tokens[wanted]), logits[:, tokens]  # (b, 5)
