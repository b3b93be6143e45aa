"""What a transformers folder may hold before the library reads it."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core.checkpoints.checkpoint import CheckpointError
from routellm_core.transformer.network import Network
from routellm_core.transformer.network_folder import check_folder

pytest.importorskip("transformers", reason="transformer routers need transformers")

CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "architectures": ["BertForSequenceClassification"],
    "hidden_size": 8,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "intermediate_size": 8,
    "vocab_size": 16,
    "max_position_embeddings": 16,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from safetensors.numpy import save

    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "tokenizer.json").write_text("{}")
    weights = {f"w{number}": np.zeros(4, np.float32) for number in range(4)}
    (tmp_path / "model.safetensors").write_bytes(save(weights))
    return tmp_path


def configured(folder: Path, **changes: Any) -> Path:
    (folder / "config.json").write_text(json.dumps(CONFIG | changes))
    return folder


def test_a_folder_of_plain_files_passes(folder: Path) -> None:
    check_folder(folder, "it")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hidden_size": 100_000}, r"asks for a network of \d+ bytes, its files have room for"),
        ({"vocab_size": 10**9}, r"asks for a network of \d+ bytes|describes no network"),
        ({"num_hidden_layers": 10**9}, "asks for num_hidden_layers 1000000000, with 4 weights"),
        ({"auto_map": {"AutoModel": "evil.Model"}}, "asks for code of its own, which is not run"),
        ({"model_type": "no-such-network"}, "describes no network"),
        ({"hidden_size": "many"}, "describes no network"),
    ],
)
def test_a_network_that_its_weights_cant_fill_is_refused(
    folder: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CheckpointError, match=reason):
        Network.from_folder(configured(folder, **changes), "sequence_classification")


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    os.mkfifo(folder / "tokenizer.json")
    (folder / "tokenizer_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"tokenizer\.json can't be read \(it is a pipe"):
        Network.from_folder(folder, "sequence_classification")


def adapter(folder: Path, base: Any, *, weights: bool = True) -> Path:
    described = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": 2}
    (folder / "adapter_config.json").write_text(json.dumps(described))
    if weights:
        (folder / "adapter_model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    else:
        (folder / "adapter_model.bin").write_bytes(b"a pickle")
    return folder


def tokenized(folder: Path) -> Path:
    from transformers import BertTokenizerFast

    (folder / "vocab.txt").write_text("[UNK]\n[PAD]\n[CLS]\n[SEP]\n[MASK]\na\n")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def test_a_base_model_that_an_adapter_names_is_not_fetched(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("peft", reason="adapters need peft")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(CheckpointError, match=r"names the base model 'somebody/base', .*allow_hosts"):
        Network.from_folder(adapter(tokenized(folder), "somebody/base"), "causal_lm")


@pytest.mark.parametrize(("base", "weights"), [("somebody/base", False), (7, True), (None, True)])
def test_an_adapter_is_whole_and_no_pickle(folder: Path, base: Any, weights: bool) -> None:
    pytest.importorskip("peft", reason="adapters need peft")
    with pytest.raises(CheckpointError, match=r"without its adapter_model\.safetensors, or without"):
        Network.from_folder(adapter(tokenized(folder), base, weights=weights), "causal_lm")
