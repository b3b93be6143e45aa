"""Signatures of thinking, bound to the model that thought and to what it thought."""

from __future__ import annotations

import base64
import hashlib


def thinking_signature(model: str, thinking: str) -> str:
    """The signature of a model's thinking; of an empty text, the data of redacted thinking."""
    digest = hashlib.blake2b(f"{model}|{thinking}".encode(), digest_size=24).digest()
    return base64.b64encode(digest).decode()
