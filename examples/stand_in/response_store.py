"""What OpenAI keeps of the responses it made: whose they are, and which items belong together."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class KeptItem:
    """An output item: the account that it belongs to, and the reasoning that came before it, if any."""

    account: str
    item: dict[str, Any]
    reasoning: str | None


@dataclass(frozen=True)
class KeptResponse:
    """A response: its account, and the whole conversation up to its own output."""

    account: str
    items: tuple[dict[str, Any], ...]


class ResponseStore:
    """Items and responses by id."""

    def __init__(self) -> None:
        self._items: dict[str, KeptItem] = {}
        self._responses: dict[str, KeptResponse] = {}

    def keep(
        self, response: str, account: str, given: list[dict[str, Any]], made: list[dict[str, Any]]
    ) -> None:
        """Keep a response and its items."""
        reasoning: str | None = None
        for item in made:
            self._items[item["id"]] = KeptItem(account, item, reasoning)
            if item["type"] == "reasoning":
                reasoning = item["id"]
        self._responses[response] = KeptResponse(account, (*given, *made))

    def item(self, name: str, account: str) -> KeptItem | None:
        """The item of that id, where the account has one."""
        found = self._items.get(name)
        return found if found is not None and found.account == account else None

    def response(self, name: str, account: str) -> KeptResponse | None:
        """The response of that id, where the account has one."""
        found = self._responses.get(name)
        return found if found is not None and found.account == account else None

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
        self._responses.clear()


def encrypted(account: str, text: str) -> str:
    """Reasoning that only its own account can send back."""
    return base64.b64encode(f"{_digest(account)}|{text}".encode()).decode()


def decrypts(value: str, account: str) -> bool:
    """Tell whether an account made this encrypted reasoning."""
    try:
        owner, _, _ = base64.b64decode(value, validate=True).decode().partition("|")
    except ValueError:
        return False
    return owner == _digest(account)


def _digest(account: str) -> str:
    return hashlib.blake2b(account.encode(), digest_size=8).hexdigest()
