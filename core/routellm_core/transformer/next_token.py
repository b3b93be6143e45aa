"""Next-token logits: a causal LM's output after the last token of each row only."""

from __future__ import annotations

import inspect
from typing import Any

from routellm_core.transformer.network import torch_modules


def next_token_logits(model: Any, ids: Any, mask: Any) -> Any:
    """Return the logits after each row's last token.

    Padding follows that token, where a causal model does not attend. Logits for every token of the prompt
    would take gigabytes, so only the positions where some row ends are requested, if the model's `forward`
    allows it.

    Args:
        model: a causal LM of transformers, or a peft model around one.
        ids: (b, L) token ids, padded at the end.
        mask: (b, L), 1 for a token and 0 for padding.

    Returns:
        Tensor of shape (b, V).
    """
    torch, _ = torch_modules()
    last = mask.sum(dim=1) - 1  # (b,)
    arguments = {"input_ids": ids, "attention_mask": mask, "use_cache": False}
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    if "logits_to_keep" in inspect.signature(inner.forward).parameters:
        arguments["logits_to_keep"], last = torch.unique(last, return_inverse=True)  # (k,), (b,)
    logits = model(**arguments).logits  # (b, k or L, V)
    return logits[torch.arange(len(last), device=logits.device), last]
