"""OpenAI's POST /v1/embeddings: hashed bags of words, so texts that share words are near each other."""

from __future__ import annotations

import base64
import math
import zlib
from array import array
from collections.abc import Iterable
from typing import Any

from examples.stand_in.model import StandInModel
from examples.stand_in.openai_fields import check_choice, check_fields, check_type, invalid, required
from examples.stand_in.refusal import Refusal
from examples.stand_in.reply import Reply
from examples.stand_in.service import Service
from examples.stand_in.words import content_words

_FIELDS = ("input", "model", "dimensions", "encoding_format", "user")
_MOST_INPUTS = 2_048


def embed(service: Service, body: dict[str, Any]) -> Reply:
    """Embed one or many texts, or lists of token ids."""
    model = service.find(required(body, "model"), "openai")
    if not model.embedding_size:
        raise Refusal(403, "You are not allowed to generate embeddings from this model")
    check_fields(body, _FIELDS)
    given = required(body, "input")
    check_type(given, (str, list), "input")
    many = isinstance(given, list) and (not given or not isinstance(given[0], int))
    inputs = given if many else [given]
    if not inputs or len(inputs) > _MOST_INPUTS:
        text = f"Invalid 'input': expected 1 to {_MOST_INPUTS} items, but got {len(inputs)} instead."
        invalid(text, "input")
    shape = body.get("encoding_format") or "float"
    check_choice(shape, ("float", "base64"), "encoding_format")
    size = body.get("dimensions") or model.embedding_size
    if not 0 < size <= model.embedding_size:
        invalid(
            f"Invalid value for 'dimensions': at most {model.embedding_size} for this model.", "dimensions"
        )
    total = 0
    data = []
    for index, item in enumerate(inputs):
        words, tokens = _words(item, model)
        if tokens == 0:
            invalid("Invalid 'input': input cannot be an empty string.", "input", None)
        if tokens > model.context_window:
            text = (
                f"This model's maximum context length is {model.context_window} tokens, however you requested"
            )
            invalid(f"{text} {tokens} tokens. Please reduce your prompt.", "input", None)
        total += tokens
        vector = embedding(words, size)
        value = vector.tolist() if shape == "float" else base64.b64encode(vector.tobytes()).decode()
        data.append({"object": "embedding", "index": index, "embedding": value})
    usage = {"prompt_tokens": total, "total_tokens": total}
    return Reply.from_json({"object": "list", "data": data, "model": model.name, "usage": usage})


def _words(item: Any, model: StandInModel) -> tuple[list[str], int]:
    if isinstance(item, list):
        return [str(each) for each in item], len(item)
    check_type(item, (str,), "input")
    return content_words(item) or item.split(), model.count_tokens(item)


def embedding(words: Iterable[str], size: int) -> array[float]:
    """A vector of length 1 with `size` 32-bit numbers; each word adds to two of them."""
    vector = array("f", bytes(4 * size))
    for word in words:
        code = zlib.crc32(word.encode())
        vector[code % size] += 1.0
        vector[(code >> 11) % size] += 0.5 if code & 1 else -0.5
    length = math.sqrt(sum(value * value for value in vector))
    if length == 0:
        vector[0] = length = 1.0
    for index, value in enumerate(vector):
        if value:
            vector[index] = value / length
    return vector
