"""Label tokens: where they start."""

import pytest

from routellm_core.transformer.label_tokens import add_label_tokens

from tests.tiny_models import llama_network

torch = pytest.importorskip("torch", reason="causal_llm needs the extra torch")


pytest.importorskip("transformers", reason="causal_llm needs the extra torch")


def test_label_tokens_start_as_their_digits() -> None:
    network = llama_network()
    ids = add_label_tokens(network)
    rows = network.model.get_output_embeddings().weight

    for number, label in enumerate(ids, start=1):
        digit = network.tokenizer(str(number), add_special_tokens=False)["input_ids"][-1]
        assert torch.equal(rows[label], rows[digit])
    assert add_label_tokens(network) == ids
    assert network.tokenizer("see [[3]].")["input_ids"].count(ids[2]) == 1
