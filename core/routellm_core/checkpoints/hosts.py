"""Hosts: which addresses named in a checkpoint's files may be contacted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import urlsplit

from routellm_core.checkpoints.files import CheckpointError

HUB = "huggingface.co"

_THIS_MACHINE = frozenset(("127.0.0.1", "[::1]", "localhost"))

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?")


_allowed: ContextVar[frozenset[str]] = ContextVar("routellm_allowed_hosts", default=frozenset())


@contextmanager
def allowing_hosts(hosts: Collection[str]) -> Iterator[None]:
    """Allow hosts for every router loaded inside the block, as `load_router(allow_hosts=)` does for one.

    Raises:
        ValueError: see `allowed_hosts`.
    """
    token = _allowed.set(allowed_hosts(hosts))
    try:
        yield
    finally:
        _allowed.reset(token)


def allowed_hosts(given: Collection[str]) -> frozenset[str]:
    """Return hosts in normal form, including those of the enclosing blocks.

    Raises:
        ValueError: one is not a host, "name" or "name:port".
        TypeError: it is not a collection of strings.
    """
    if isinstance(given, str):
        raise TypeError(f"allow_hosts is {given!r}, expected a list of hosts, such as [{given!r}].")
    for host in given:
        if not isinstance(host, str) or not _HOST.fullmatch(host.lower()):
            raise ValueError(f"allow_hosts holds {host!r}, expected hosts such as 'example.org:8000'.")
    return _allowed.get() | {host.lower() for host in given}


def check_address(
    address: object, allowed: frozenset[str], origin: str, *, instead: str = "embedder="
) -> None:
    """Reject an address that comes from a file, unless its host is allowed.

    Args:
        address: the address.
        allowed: hosts in normal form.
        origin: the checkpoint, for the message.
        instead: the setting that may be given in its place.

    Raises:
        CheckpointError: names the host, if it is one.
    """
    host, port = _host(address)
    if host is None:
        raise CheckpointError(f"{origin} names {_shown(address)}, which is not the address of a host.")
    if not is_allowed(address, allowed):
        raise CheckpointError(
            f"{origin} names an address at {host}:{port}, which would receive prompts and the key. To "
            f"allow it: load_router(..., allow_hosts=[{f'{host}:{port}'!r}]). Otherwise give {instead}."
        )


def is_allowed(address: object, allowed: frozenset[str]) -> bool:
    """Return whether an address is one of a host that is allowed, at any port or at its own.

    By http, where anybody on the way reads the key, another machine has to be allowed with its port.
    """
    host, port = _host(address)
    if host is None:
        return False
    is_safe = str(address).lower().startswith("https:") or host in _THIS_MACHINE
    return f"{host}:{port}" in allowed or (is_safe and host in allowed)


def host_of(address: object) -> str | None:
    """Return "name:port" of an address by http or https; None for any other, and for one with a user."""
    host, port = _host(address)
    return None if host is None else f"{host}:{port}"


def _host(address: object) -> tuple[str | None, int]:
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
        if parts is None or parts.scheme not in ("http", "https") or parts.username or parts.password:
            return None, 0
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    except ValueError:
        return None, 0
    return (host, port) if _HOST.fullmatch(f"{host}:{port}") else (None, 0)


def _shown(address: object) -> str:
    # An address may hold a password.
    return f"{type(address).__name__} without a host" if not isinstance(address, str) else "a text"
