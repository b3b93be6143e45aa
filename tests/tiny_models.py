"""Tiny transformers with random weights, in the layouts of the published checkpoints: no network, no hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from routellm_core.routers.bert import BertRouter
from routellm_core.routers.causal_llm import QUESTION_FILE, SYSTEM_FILE, CausalLLMRouter
from routellm_core.transformer.label_tokens import add_label_tokens
from routellm_core.transformer.network import Network
from routellm_core.transformer.prediction_prompt import PredictionPrompt

LLAMA3_TOKENS = ("<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>")
SYSTEM_TEXT = "\n Foresee the score. \n"
QUESTION_TEXT = "[Question]\n{question}\n\nPrediction:\n"


def byte_tokenizer(*, special: tuple[str, ...] = (), words: tuple[str, ...] = (), **settings: Any) -> Any:
    """A tokenizer with a token for each byte, so that any text has tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["[PAD]", "[CLS]", "[SEP]", *letters]
    made = Tokenizer(models.BPE(vocab={name: number for number, name in enumerate(names)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([*names[:3], *special])
    made.add_tokens([AddedToken(word, normalized=False) for word in words])
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="[PAD]", **settings)


def bert_network(labels: int = 3, seed: int = 0, positions: int = 64) -> Network:
    """A BERT classifier of some thousand weights, which reads up to `positions` tokens."""
    import torch
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer = byte_tokenizer(cls_token="[CLS]", sep_token="[SEP]", model_max_length=positions)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=positions,
        initializer_range=0.3,
        num_labels=labels,
        pad_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Network(BertForSequenceClassification(config), tokenizer)


def llama_network(seed: int = 0, *, positions: int = 512) -> Network:
    """A Llama of some thousand weights, its tokenizer with Llama 3's chat tokens; no label tokens yet."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_tokenizer(
        special=LLAMA3_TOKENS,
        words=("\n\n", "assistant"),
        bos_token=LLAMA3_TOKENS[0],
        eos_token=LLAMA3_TOKENS[1],
        model_max_length=positions,
    )
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=32,
        max_position_embeddings=positions,
        initializer_range=0.3,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Network(LlamaForCausalLM(config), tokenizer)


def labelled_llama(seed: int = 0) -> Network:
    """The same with the label tokens."""
    network = llama_network(seed)
    add_label_tokens(network)
    return network


def bert_router() -> BertRouter:
    return BertRouter(bert_network(), device="cpu", batch_size=4)


def causal_llm_router() -> CausalLLMRouter:
    return CausalLLMRouter(
        labelled_llama(), PredictionPrompt(SYSTEM_TEXT, QUESTION_TEXT, "llama3"), max_length=160, device="cpu"
    )


def write_network(network: Network, folder: Path) -> Path:
    """Write a network as a transformers folder."""
    network.model.save_pretrained(folder)
    network.tokenizer.save_pretrained(folder)
    return folder


def write_causal_llm(network: Network, folder: Path, *, tokenizer: bool = True) -> Path:
    """Write a network in the layout of the published causal_llm checkpoint."""
    network.model.save_pretrained(folder)
    if tokenizer:
        network.tokenizer.save_pretrained(folder)
    (folder / SYSTEM_FILE).write_text(SYSTEM_TEXT)
    (folder / QUESTION_FILE).write_text(QUESTION_TEXT)
    return folder
