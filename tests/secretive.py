"""Secrets as people give them to models, and whether a text repeats one."""

from __future__ import annotations

from traceback import format_exception

KEY = "sk-Th3KeyOfTheProvider0123456789"
HEADER = "hdr-9876543210-of-the-gateway"
PASSWORD = "pw-of-the-proxy-hunter2"
PARAMETER = "q-4410-of-the-query"
ADDRESS = f"https://me:{PASSWORD}@example.com/v1?team=a&api_key={PARAMETER}"
HEADERS = {"X-Custom-Auth": HEADER}
BOUND = {"Authorization": f"Bearer {KEY}"}


def secrets_in(text: str) -> list[str]:
    """Return which of them a text holds."""
    return [secret for secret in (KEY, HEADER, PASSWORD, PARAMETER) if secret in text]


def told_by(error: BaseException) -> str:
    """Return everything that is printed of an error."""
    return "".join([*format_exception(error), repr(error), str(error)])
