"""Redaction: what counts as a secret, by its name, its value and its shape, and texts without it.

The one list for messages, logs, records and dumps. A text from elsewhere, such as a provider's error, may
repeat the headers or the key of the request.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, unquote

MARK = "***"
"""What stands in a secret's place."""

_SHORTEST = 6
"""A shorter "token" is a mark such as "</s>"."""

_SHORTEST_BY_VALUE = 12
"""A shorter value of a variable or a setting, such as "password", is a word that other texts hold too."""

_NAMES = frozenset(
    {"apikey", "auth", "authorization", "cookie", "credential", "credentials", "key", "passphrase"}
    | {"passwd", "password", "pwd", "secret", "signature", "token"}
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# Keys as providers make them, and what stands behind such a name or scheme; all take linear time.
_SHAPES = (
    re.compile(
        r"\b(?:sk|pk|rk|gsk|xai|ghp|gho|ghs|github_pat|hf|glpat|xoxb|xoxp|pplx|r8|nvapi|tvly|lsv2|AIza|AKIA"
        r"|ya29)[-_.]?[A-Za-z0-9_-]{16,}"
    ),
    # Not inside of a run of these letters: each place of it would be read to its end.
    re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"),
    re.compile(r"(?i:(?<=\bbearer )|(?<=\bbasic ))[A-Za-z0-9+/=._~-]{16,}"),
    re.compile(
        r"(?i:(?:api[-_ ]?key|access[-_ ]?key|secret|authorization|passw(?:or)?d|cookie|auth|\btoken)"
        r"[\"']?\s*+[:=]\s*+[\"']?(?:bearer\s++|basic\s++)?)(?P<secret>[^\s\"',;&{}()<>\[\]]{6,})"
    ),
    re.compile(r"(?<=://)[^\s/@:\"']{0,256}:[^\s/@\"']{1,256}(?=@)"),
    re.compile(r"(?i:[?&](?:key|sig|signature|code|[a-z_-]{1,16}token)=)(?P<secret>[^\s\"'&#]{16,})"),
)

_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@\"']{1,512}@")
_QUERY = re.compile(r"\?[^\s?#\"']+")
_QUERY_NAMES = frozenset({"code", "sig"})
"""Parameters of addresses that hold a key where they are long: of Azure's functions and its storage."""


def is_secret(name: str, value: object) -> bool:
    """Return whether a setting or header of this name holds a secret: `api_key`, `X-Custom-Auth`."""
    if value is None or isinstance(value, bool | dict | list | tuple | set) or len(str(value)) < _SHORTEST:
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(words) and (words[-1] in _NAMES or words[-3:] == ["access", "key", "id"])


def without_secrets(text: str, values: Iterable[str | None] = ()) -> str:
    """Return a text from elsewhere with `MARK` in place of what is, or looks like, a secret.

    Args:
        text: such as a provider's error.
        values: secrets that the caller knows; those of the environment's variables are known already.
    """
    text = without_values(text, values)
    for shape in _SHAPES:
        text = shape.sub(_marked, text)
    return text


def without_values(text: str, values: Iterable[str | None] = ()) -> str:
    """Return a text with `MARK` in place of secrets that are known by their value, and of no others."""
    known = {value for value in values if isinstance(value, str) and len(value) >= _SHORTEST}
    known |= {
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST_BY_VALUE and is_secret(name, value)
    }
    # The longest first: one may begin with another.
    for value in sorted(known | {quote(value, safe="") for value in known}, key=len, reverse=True):
        text = text.replace(value, MARK)
    return text


def redacted(value: object) -> object:
    """Return plain values, such as a model's settings, without secrets, as if they had never been given.

    What a name tells to be a secret is left out, and so is every other item that holds the same value or has
    a key's shape; addresses lose their user and the parameters that hold a secret.
    """
    return _redacted(value, frozenset(_secret_values(value)))


def _redacted(value: object, known: frozenset[str]) -> object:
    if isinstance(value, Mapping):
        kept = {key: _redacted(item, known) for key, item in value.items() if not is_secret(str(key), item)}
        return {key: item for key, item in kept.items() if item != MARK or value[key] == MARK}
    if isinstance(value, str):
        return _setting(value, known)
    return [_redacted(item, known) for item in value] if isinstance(value, list | tuple) else value


def _setting(text: str, known: frozenset[str]) -> str:
    """Return a setting without what is known to be secret; a prompt may well hold the form of a key."""
    shown = without_values(without_address_secrets(text) if "://" in text else text, known)
    one_word = len(shown.removeprefix("Bearer ").removeprefix("Basic ").split()) == 1
    return MARK if one_word and "://" not in shown and MARK in without_secrets(shown) else shown


def _secret_values(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if is_secret(str(key), item):
                secret = getattr(item, "get_secret_value", lambda item=item: item)()
                # "Bearer sk-..." is as secret without the first word.
                yield from (part for part in str(secret).split() if len(part) >= _SHORTEST_BY_VALUE)
            else:
                yield from _secret_values(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secret_values(item)
    elif isinstance(value, str) and "://" in value:
        for user in _IN_ADDRESS.findall(value):
            yield from (part for part in user[:-1].split(":") if len(part) >= _SHORTEST_BY_VALUE)
        for query in _QUERY.findall(value):
            for part in filter(_is_secret_parameter, query[1:].split("&")):
                found = part.partition("=")[2]
                if len(found) >= _SHORTEST_BY_VALUE:
                    yield from (found, unquote(found))


def without_address_secrets(address: str) -> str:
    """Return an address without user name and password, and without the parameters that hold a secret."""
    return _QUERY.sub(_kept_query, _IN_ADDRESS.sub("", address))


def _kept_query(found: re.Match[str]) -> str:
    kept = [part for part in found[0][1:].split("&") if not _is_secret_parameter(part)]
    return "?" + "&".join(kept) if kept else ""


def _is_secret_parameter(part: str) -> bool:
    name, _, value = part.partition("=")
    name = unquote(name)
    return is_secret(name, value) or (name.lower() in _QUERY_NAMES and len(value) >= _SHORTEST_BY_VALUE)


def _marked(found: re.Match[str]) -> str:
    if "secret" not in found.re.groupindex:
        return MARK
    whole, start = found[0], found.start("secret") - found.start()
    return whole[:start] + MARK
