"""Tokenizer file: what a `tokenizer.json` may hold, so that no text takes it long, nor much memory.

The tokenizers library runs what the file describes: expressions that take time without end, replacements that
make a text longer each time, tables that end in a panic. Static embedders need none of that, so what is
loaded is one of the kinds whose time and memory are known to be bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from routellm_core.checkpoints.json_content import parse_json

_NORMALIZERS = frozenset(
    {"BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Prepend", "Replace", "Sequence"}
    | {"Strip", "StripAccents"}
)
_PRE_TOKENIZERS = frozenset(
    {"BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "Metaspace", "Punctuation", "Sequence"}
    | {"Split", "UnicodeScripts", "Whitespace", "WhitespaceSplit"}
)
_POST_PROCESSORS = frozenset(
    ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"]
)
_MODELS = frozenset(["BPE", "Unigram", "WordLevel", "WordPiece"])

_MOST_VALUES = 200_000
"""Of a small file; a larger one may hold one more for every 30 bytes."""

_MOST_PARTS = 64
_LONGEST_PIECE = 256
_LONGEST_WORD = 200
_MOST_ADDED = 1_000


def check_tokenizer(content: bytes, rows: int) -> None:
    """Refuse a `tokenizer.json` that could take long, or whose ids have no row in the table.

    Args:
        content: the file.
        rows: how many rows the embedder's table has.

    Raises:
        ValueError: it is no such file, or holds a part that is not loaded; the message names it.
    """
    file = parse_json(content, most_values=_MOST_VALUES + len(content) // 30)
    if not isinstance(file, dict):
        raise ValueError("tokenizer.json is no object")
    for part, kinds in (
        ("normalizer", _NORMALIZERS),
        ("pre_tokenizer", _PRE_TOKENIZERS),
        ("post_processor", _POST_PROCESSORS),
    ):
        _check_component(part, file.get(part), kinds)
    _check_component("decoder", file.get("decoder"), None)
    _check_added(file.get("added_tokens") or [], rows)
    _check_model(file.get("model"), rows)


def _check_component(part: str, described: Any, kinds: frozenset[str] | None) -> None:
    if described is None:
        return
    found = list(_parts(described))
    if len(found) > _MOST_PARTS:
        raise ValueError(f"{part} of tokenizer.json has more than {_MOST_PARTS} parts")
    for value in found:
        kind = value.get("type")
        pattern = value.get("pattern")
        if "Regex" in value or (isinstance(pattern, dict) and "Regex" in pattern):
            raise ValueError(f"{part} of tokenizer.json holds an expression, which may take time without end")
        if kind is not None and kinds is not None and (not isinstance(kind, str) or kind not in kinds):
            raise ValueError(f"{part} of tokenizer.json is of kind {kind!r}, expected one of {sorted(kinds)}")
        if kind == "Replace" and kinds is not None:
            _check_replacement(value)
        if kind == "TemplateProcessing":
            _check_template(value)
    if not isinstance(described, Mapping) or (kinds is not None and "type" not in described):
        raise ValueError(f"{part} of tokenizer.json is of no kind, expected one of {sorted(kinds or ())}")


def _parts(value: Any) -> Iterable[Mapping[str, Any]]:
    # One more than is allowed is as many as the caller needs to know of.
    waiting, found = [value], 0
    while waiting and found <= _MOST_PARTS:
        item = waiting.pop()
        if isinstance(item, dict):
            found += 1
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _check_replacement(value: Mapping[str, Any]) -> None:
    pattern = value.get("pattern")
    replaced = pattern.get("String") if isinstance(pattern, dict) else None
    content = value.get("content")
    if not isinstance(replaced, str) or not isinstance(content, str) or not len(content) <= len(replaced) > 0:
        raise ValueError("normalizer of tokenizer.json replaces something by a longer text")


def _check_template(value: Mapping[str, Any]) -> None:
    single = value.get("single")
    if (
        not isinstance(single, list)
        or sum("Sequence" in item for item in single if isinstance(item, dict)) > 1
    ):
        raise ValueError("post_processor of tokenizer.json repeats the text")


def _check_added(added: Any, rows: int) -> None:
    if not isinstance(added, list) or len(added) > _MOST_ADDED:
        raise ValueError(f"added_tokens of tokenizer.json is no list of at most {_MOST_ADDED}")
    for token in added:
        content = token.get("content") if isinstance(token, dict) else None
        if not isinstance(content, str) or not 0 < len(content) <= _LONGEST_PIECE:
            raise ValueError(f"added_tokens of tokenizer.json holds no text of 1 to {_LONGEST_PIECE} letters")
        _check_id(token.get("id"), rows)


def _check_model(model: Any, rows: int) -> None:
    kind = model.get("type") if isinstance(model, dict) else None
    if not isinstance(kind, str) or kind not in _MODELS:
        raise ValueError(f"the model of tokenizer.json is of kind {kind!r}, expected {sorted(_MODELS)}")
    vocabulary = model.get("vocab")
    if kind == "Unigram":
        _check_unigram(vocabulary, model, rows)
        return
    if not isinstance(vocabulary, dict) or not vocabulary:
        raise ValueError("the vocabulary of tokenizer.json is empty, or no object")
    if set(map(type, vocabulary.values())) != {int}:
        raise ValueError("the vocabulary of tokenizer.json holds an id that is no whole number")
    _check_id(min(vocabulary.values()), rows)
    _check_id(max(vocabulary.values()), rows)
    if len(vocabulary) > rows:
        raise ValueError(f"the vocabulary of tokenizer.json has more entries than the table's {rows} rows")
    _check_pieces(vocabulary)
    if kind in ("WordPiece", "WordLevel") and model.get("unk_token") not in vocabulary:
        raise ValueError("the vocabulary of tokenizer.json lacks its own unknown token")
    longest = model.get("max_input_chars_per_word", 100)
    if kind == "WordPiece" and not (type(longest) is int and 0 < longest <= _LONGEST_WORD):
        raise ValueError(f"max_input_chars_per_word of tokenizer.json is not from 1 to {_LONGEST_WORD}")
    if model.get("dropout"):
        raise ValueError("dropout of tokenizer.json would make scores a matter of chance")


def _check_unigram(vocabulary: Any, model: Mapping[str, Any], rows: int) -> None:
    if not isinstance(vocabulary, list) or not 0 < len(vocabulary) <= rows:
        raise ValueError(f"the vocabulary of tokenizer.json is no list of at most {rows} pieces")
    for entry in vocabulary:
        match entry:
            case [str(), int() | float() as score] if math.isfinite(score):
                continue
        raise ValueError(f"the vocabulary of tokenizer.json holds {str(entry)[:80]}, no piece with a number")
    _check_pieces(piece for piece, _ in vocabulary)
    if model.get("unk_id") is not None:
        _check_id(model["unk_id"], len(vocabulary))


def _check_pieces(pieces: Iterable[str]) -> None:
    if max(map(len, pieces)) > _LONGEST_PIECE:
        raise ValueError(f"the vocabulary of tokenizer.json holds a piece above {_LONGEST_PIECE} characters")


def _check_id(found: Any, rows: int) -> None:
    if type(found) is not int or not 0 <= found < rows:
        raise ValueError(f"tokenizer.json holds the id {str(found)[:40]}, no row of the table's {rows}")
