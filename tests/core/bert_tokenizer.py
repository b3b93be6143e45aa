"""The file of a small BERT tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def tokenizer_file(vocabulary: Mapping[str, int], **changes: Any) -> dict[str, Any]:
    """Return the file for a vocabulary, with parts replaced."""
    bert: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": dict(vocabulary),
        },
    }
    return bert | changes
