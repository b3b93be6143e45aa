"""Label tokens: [[1]] to [[5]], with which a causal LLM rates the weak model's answer in advance."""

from __future__ import annotations

from routellm_core.checkpoints.checkpoint import CheckpointError
from routellm_core.transformer.network import Network, torch_modules

LABELS = ("[[1]]", "[[2]]", "[[3]]", "[[4]]", "[[5]]")


def label_ids(network: Network, origin: str) -> list[int]:
    """Return the ids of the five label tokens.

    Raises:
        CheckpointError: the tokenizer has no such tokens, or the model no row for one of them.
    """
    vocabulary = network.tokenizer.get_vocab()
    lacking = [label for label in LABELS if label not in vocabulary]
    if lacking:
        raise CheckpointError(
            f"{origin}: the tokenizer lacks the label tokens {lacking}. "
            "They are added by training; give the folder of a trained causal_llm router."
        )
    ids = [int(vocabulary[label]) for label in LABELS]
    rows = int(network.model.get_output_embeddings().weight.shape[0])
    if max(ids) >= rows:
        raise CheckpointError(
            f"{origin}: label token {LABELS[ids.index(max(ids))]} has id {max(ids)}, but the model has "
            f"{rows} rows: the tokenizer is not the one it was trained with. Give that one by tokenizer=."
        )
    return ids


def name_label_tokens(network: Network) -> None:
    """Append the label tokens to the tokenizer's vocabulary if it lacks them; the model is unchanged."""
    network.tokenizer.add_tokens(list(LABELS), special_tokens=True)


def add_label_tokens(network: Network) -> list[int]:
    """Append the label tokens to tokenizer and model, each starting as its digit; return their ids."""
    torch, _ = torch_modules()
    tokenizer, model = network.tokenizer, network.model
    fresh = [label for label in LABELS if label not in tokenizer.get_vocab()]
    name_label_tokens(network)
    ids = [int(tokenizer.get_vocab()[label]) for label in LABELS]
    if max(ids) >= model.get_input_embeddings().weight.shape[0]:
        # Not random: that would depend on, and change, the global random state.
        model.resize_token_embeddings(max(ids) + 1, mean_resizing=False)
    with torch.no_grad():
        for label in fresh:
            digit = tokenizer(label.strip("[]"), add_special_tokens=False)["input_ids"][-1]
            for table in (model.get_input_embeddings(), model.get_output_embeddings()):
                table.weight[tokenizer.get_vocab()[label]] = table.weight[digit]
    return ids
