"""What a checkpoint's files hold is data: a router that scores, or an error that names file and reason."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import Checkpoint, write_checkpoint

from tests.core.hostile_checkpoints import (
    DIMENSION,
    WORDS,
    change_config,
    put,
    put_tensor,
    put_tokenizer,
    raw_array,
    raw_tensors,
    refused,
    tokenizer_file,
    write_small,
)

DEEP = b"[" * 100_000 + b"]" * 100_000
VOCABULARY = {word: row for row, word in enumerate(WORDS)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small(tmp_path / "router")


def test_the_small_router_is_whole(folder: Path) -> None:
    assert load_router(folder).score(["What is 2+2?"]).shape == (1,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (DEEP, "config.json is not JSON .it holds more than"),
        (DEEP[:50_000] + DEEP[-50_000:], "config.json is not JSON .it is nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "config.json is not JSON"),
        (b" " * (2**20 + 1), "config.json can't be read .it has 1048577 bytes, expected at most"),
        (b"[" + b"[]," * 200_000 + b"[]]", "config.json is not JSON .it holds more than 100000 values"),
        (b"\xff\xfe\x00", "config.json is not JSON"),
        (b"\x00" * 100, "config.json is not JSON"),
    ],
    ids=["many", "deep", "huge number", "long", "values", "encoding", "nul"],
)
def test_a_configuration_of_any_bytes(folder: Path, content: bytes, reason: str) -> None:
    (folder / "config.json").write_bytes(content)
    refused(folder, reason)


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "\ud800", "x" * 5000, "a/../b"])
def test_a_name_that_no_file_has(folder: Path, name: str) -> None:
    change_config(folder, lambda config: config["sha256"].update({name: "0" * 64}))
    refused(folder, "is not a plain file name|can't be read")


@pytest.mark.parametrize("digest", [None, 7, [], {}, "0" * 64])
def test_a_digest_of_any_type(folder: Path, digest: Any) -> None:
    change_config(folder, lambda config: config["sha256"].update({"tokenizer.json": digest}))
    refused(folder, "tokenizer.json is damaged")


@pytest.mark.parametrize(
    "value", [None, [], {}, ["prompt"], {"kind": []}, {"kind": {}}, 10**400, -1, "", True]
)
@pytest.mark.parametrize("field", ["embedder", "models", "strong", "weak"])
def test_a_setting_of_any_type(folder: Path, field: str, value: Any) -> None:
    change_config(folder, lambda config: config["settings"].update({field: value}))
    refused(folder, ".")


@pytest.mark.parametrize("value", [None, "1", [], 10**400, float("nan"), float("inf"), 1e308])
@pytest.mark.parametrize("field", ["cue_weight", "surface_weight"])
def test_a_weight_of_any_value(folder: Path, field: str, value: Any) -> None:
    change_config(folder, lambda config: config["settings"]["embedder"].update({field: value}))
    refused(folder, ".")


@pytest.mark.parametrize("value", [10**100, -(10**100), None, [], 0.5, True])
def test_a_seed_of_any_value(tmp_path: Path, value: Any) -> None:
    write_checkpoint(tmp_path, Checkpoint("random", {"seed": 0}))
    change_config(tmp_path, lambda config: config["settings"].update(seed=value))
    refused(tmp_path, ".")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_pipe_is_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    refused(folder, f"{name} can't be read .it is a pipe, a device or a folder")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("target", ["/dev/zero", "/", "itself"])
def test_a_link_leads_to_a_plain_file_or_nowhere(folder: Path, name: str, target: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(folder / name if target == "itself" else target)
    refused(folder, f"{name} can't be read")


def test_a_link_to_a_plain_file_is_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "tokenizer.json").rename(tmp_path / "blob")
    (folder / "tokenizer.json").symlink_to(tmp_path / "blob")

    assert load_router(folder).score(["What is 2+2?"]).shape == (1,)


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F8_E5M2", "C64", "F4", "?", 7, None])
def test_a_tensor_of_a_type_that_numpy_lacks(folder: Path, kind: Any) -> None:
    header = {"bias": {"dtype": kind, "shape": [2], "data_offsets": [0, 4]}}
    put(folder, "model.safetensors", raw_tensors(header, b"\0" * 4))
    refused(folder, "model.safetensors is not a safetensors file .tensor 'bias' is of type")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        b"\xff" * 4 + b"\0" * 4 + b"{}",
        raw_tensors(DEEP[:50_000] + DEEP[-50_000:]),
        raw_tensors({"bias": {"dtype": "F32", "shape": [2**62], "data_offsets": [0, 8]}}, b"\0" * 8),
        raw_tensors({"bias": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, b"\0" * 8),
        raw_tensors({"bias": {"dtype": "F32", "shape": [2], "data_offsets": [0, 2**63]}}, b"\0" * 8),
        raw_tensors({"bias": 7}),
        raw_tensors([]),
    ],
)
def test_tensors_of_any_bytes(folder: Path, content: bytes) -> None:
    put(folder, "model.safetensors", content)
    refused(folder, "model.safetensors")


@pytest.mark.parametrize(
    "content",
    [
        raw_array("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }\n"),
        raw_array("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4), }\n"),
        raw_array("{'descr': '|O', 'fortran_order': False, 'shape': (1, 4), }\n", b"\0" * 99),
        raw_array("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 1), }\n", b"\0" * 8),
        raw_array("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1), }\n", b"\0" * 4),
        raw_array("{'descr': " + "[" * 5000 + ", 'shape': ()}\n"),
        raw_array("(" * 9000 + "\n"),
        raw_array("{'descr': '<f4', 'fortran_order': False, 'shape': (True, 'x'), }\n"),
        raw_array("{'descr': '\x00', 'fortran_order': False, 'shape': (1, 4), }\n"),
        raw_array("__import__('os').system('true')\n"),
    ],
)
def test_an_array_of_any_bytes(tmp_path: Path, content: bytes) -> None:
    big = np.eye(4, dtype=np.float32)
    write_checkpoint(tmp_path, Checkpoint("sw_ranking", {}, arrays={"embeddings": big}))
    put(tmp_path, "embeddings.npy", content)
    refused(tmp_path, "embeddings.npy is not an array of numbers|embeddings.npy can't be read")


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("projection", np.full((2, 2 * (DIMENSION + 8)), 1e308) * [[1.0], [-1.0]]),
        ("embedder.scales", np.full(len(WORDS), 3e38, np.float32)),
        ("embedder.centre", np.full(DIMENSION, 1e308)),
        ("embedder.surface_spread", np.full(8, 5e-324)),
        ("embedder.surface_centre", np.full(8, -1e308)),
        ("embedder.surface_spread", np.zeros(8)),
        ("bias", np.array([1e308, -1e308])),
        ("model_vectors", np.zeros((2, 2))),
        ("model_vectors", np.full((2, 2), 1e308)),
        ("score_quantiles", np.array([0.9, 0.1])),
        ("score_quantiles", np.array([0.0, 2.0])),
        ("score_quantiles", np.zeros(0)),
        ("embedder.table", np.zeros((0, DIMENSION), np.int8)),
        ("embedder.table", np.zeros((len(WORDS), 0), np.int8)),
    ],
)
def test_numbers_that_would_overflow(folder: Path, name: str, array: np.ndarray[Any, Any]) -> None:
    put_tensor(folder, name, array)
    refused(folder, ".")


REGEX = {"Regex": "(a+)+$"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": {}}, "the model of tokenizer.json is of kind None"),
        ({"model": {"type": "WordPiece", "vocab": {}}}, "vocabulary of tokenizer.json is empty"),
        ({"pre_tokenizer": {"type": "Split", "pattern": REGEX}}, "holds an expression"),
        ({"normalizer": {"type": "Replace", "pattern": REGEX, "content": "a"}}, "holds an expression"),
        ({"decoder": {"type": "Replace", "pattern": REGEX, "content": "a"}}, "holds an expression"),
        (
            {"normalizer": {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}},
            "replaces something by a longer text",
        ),
        (
            {"normalizer": {"type": "Replace", "pattern": {"String": ""}, "content": ""}},
            "replaces something by a longer text",
        ),
        ({"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}}, "of kind 'Precompiled'"),
        ({"normalizer": {"type": ["x"]}}, "of kind"),
        ({"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}] * 100}}, "more than 64 parts"),
        ({"normalizer": []}, "of no kind"),
        ({"added_tokens": [{"id": 10**9, "content": "x"}]}, "no row of the table's 14"),
        ({"added_tokens": [{"id": 1, "content": "x" * 300}]}, "no text of 1 to 256"),
        ({"model": tokenizer_file()["model"] | {"max_input_chars_per_word": 10**9}}, "is not from 1 to 200"),
        ({"model": tokenizer_file()["model"] | {"unk_token": "?!"}}, "lacks its own unknown token"),
        ({"model": tokenizer_file()["model"] | {"vocab": VOCABULARY | {"x": 2**32 - 1}}}, "no row"),
        ({"model": tokenizer_file()["model"] | {"vocab": VOCABULARY | {"x": -1}}}, "no row"),
        ({"model": tokenizer_file()["model"] | {"vocab": VOCABULARY | {"x": 0.5}}}, "no whole number"),
        (
            {"model": tokenizer_file()["model"] | {"vocab": VOCABULARY | {"x" * 999: 1}}},
            "more entries|above 256",
        ),
        ({"model": tokenizer_file()["model"] | {"vocab": {"x" * 999: 1}}}, "a piece above 256"),
        ({"model": {"type": "Unigram", "vocab": [["a", "b"]], "unk_id": 0}}, "no piece with a number"),
        ({"model": {"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 9}}, "no row"),
        ({"model": {"type": "BPE", "vocab": VOCABULARY, "merges": [], "dropout": 0.5}}, "matter of chance"),
        ({"model": {"type": "BPE", "vocab": VOCABULARY, "merges": ["no such"]}}, "no router that can score"),
        (
            {"post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}] * 9}},
            "repeats the text",
        ),
    ],
)
def test_a_tokenizer_that_could_take_long(folder: Path, changes: dict[str, Any], reason: str) -> None:
    put_tokenizer(folder, tokenizer_file(**changes))
    refused(folder, reason)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", DEEP, b'{"model": ' + b"9" * 9999 + b"}"])
def test_a_tokenizer_of_any_bytes(folder: Path, content: bytes) -> None:
    put(folder, "tokenizer.json", content)
    refused(folder, "the embedder can't be made")
