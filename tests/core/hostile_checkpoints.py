"""Checkpoints made to do harm: each is a saved router with one thing changed, its digests right again."""

from __future__ import annotations

import hashlib
import json
import struct
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError, write_checkpoint
from routellm_core.embedders.default_router import PromptEmbedder
from routellm_core.embedders.prompt_kind import PromptKind
from routellm_core.embedders.shape import FEATURES as SHAPE_FEATURES
from routellm_core.embedders.shape_features import ShapeFeatures
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.surface import FEATURES, SurfaceFeatures
from routellm_core.preferences.judging.openai_responder import OpenAIResponder
from routellm_core.preferences.rating.tiered_battles import TieredBattles
from routellm_core.preferences.reading.battle_columns import BattleColumns
from routellm_core.reader import HybridRouter, ReaderRouter
from routellm_core.routers.adapted import AdaptedRouter, Prior, Qualities
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.routers.similarity_weighted import SimilarityWeightedRouter

from tests.core import bert_tokenizer

WORDS = ["[UNK]", "what", "is", "2", "+", "?", "[", "]", "answer", ":", "a", "b", ".", "##s"]
DIMENSION = 4


def tokenizer_file(**changes: Any) -> dict[str, Any]:
    """The tokenizer's file, with parts replaced."""
    return bert_tokenizer.tokenizer_file({word: row for row, word in enumerate(WORDS)}, **changes)


def small_static() -> StaticEmbedder:
    """Token vectors of a few words."""
    chance = np.random.default_rng(0)
    return StaticEmbedder(
        json.dumps(tokenizer_file()).encode(),
        chance.integers(-100, 100, (len(WORDS), DIMENSION), dtype=np.int8),
        np.where(np.arange(len(WORDS)) == 0, 0.0, 0.01).astype(np.float32),
    )


@cache
def small_router() -> MatrixFactorizationRouter:
    """A router like the default one, of a few words."""
    chance = np.random.default_rng(0)
    static = small_static()
    surface = SurfaceFeatures(np.zeros(len(FEATURES)), np.ones(len(FEATURES)))
    embedder = PromptEmbedder(static, surface, np.zeros(DIMENSION), surface_weight=0.5, cue_weight=1.0)
    return MatrixFactorizationRouter(
        embedder,
        ["strong", "weak"],
        np.eye(2),
        chance.normal(size=(2, embedder.dimension)),
        strong="strong",
        weak="weak",
        score_quantiles=np.linspace(0.0, 1.0, 11),
    )


@cache
def small_ranking() -> SimilarityWeightedRouter:
    """A router that ranks by a few battles, with an array on the disk."""
    chance = np.random.default_rng(0)
    embeddings = small_static().embed([f"what is {word}" for word in WORDS])
    rows = np.arange(40) % len(WORDS)
    first = (np.arange(40) % 3).astype(np.int32)
    columns = BattleColumns(
        ("a", "b", "c"),
        len(WORDS),
        rows.astype(np.int32),
        first,
        ((first + 1) % 3).astype(np.int32),
        chance.choice([0.0, 0.5, 1.0], 40).astype(np.float32),
    )
    battles = TieredBattles.from_embeddings(columns, embeddings, {"a": 0, "b": 1, "c": 2})
    return SimilarityWeightedRouter(small_static(), battles, strong="a", weak="c")


@cache
def small_adapted() -> AdaptedRouter:
    """A router of labels around the small one, which lies in a folder of its own."""
    chance = np.random.default_rng(0)
    features = len(SHAPE_FEATURES)
    return AdaptedRouter(
        small_router(),
        small_static(),
        Qualities(
            np.array([0.5, -0.5]),
            chance.normal(size=(len(WORDS), 2)).astype(np.float32),
            np.zeros(2),
            ShapeFeatures(np.zeros(features), np.ones(features)),
            0.1 * chance.normal(size=(features, 2)),
        ),
        Prior({kind: 0.0 for kind in PromptKind}, 1.0, np.array([0.1, -0.1])),
        strong="strong",
        weak="weak",
    )


@cache
def small_hybrid() -> HybridRouter:
    """A router that has a model of OpenAI's read the middle of the small one."""
    reader = ReaderRouter(OpenAIResponder("m"), base=small_router())
    return HybridRouter(small_router(), reader, strong_share=0.3)


def write_small(folder: Path) -> Path:
    write_checkpoint(folder, small_router().to_checkpoint())
    return folder


def put(folder: Path, name: str, content: bytes) -> None:
    """Put a file in place of another, and its digest into the configuration."""
    (folder / name).write_bytes(content)

    def listed(config: dict[str, Any]) -> None:
        config["sha256"][name] = hashlib.sha256(content).hexdigest()

    change_config(folder, listed)


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def put_tokenizer(folder: Path, file: Mapping[str, Any]) -> None:
    put(folder, "tokenizer.json", json.dumps(file).encode())


def put_tensor(folder: Path, name: str, array: np.ndarray[Any, Any]) -> None:
    from safetensors.numpy import load, save

    tensors = load((folder / "model.safetensors").read_bytes())
    put(folder, "model.safetensors", save({**tensors, name: array}))


def raw_tensors(header: Any, data: bytes = b"") -> bytes:
    """The bytes of a safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def raw_array(header: str, data: bytes = b"") -> bytes:
    """The bytes of a `.npy` file with any header."""
    text = header.encode("latin1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def refused(folder: Path, reason: str) -> None:
    """Require that a folder is refused, soon and by name."""
    began = time.monotonic()
    with pytest.raises(CheckpointError, match=reason) as caught:
        load_router(folder)
    assert str(folder) in str(caught.value)
    assert time.monotonic() - began < 5
