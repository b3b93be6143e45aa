"""Failure: what a provider's error means for a call, whatever the provider's library."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from routellm_core.checkpoints.redaction import without_secrets

Kind = Literal["retry", "lost", "refused", "fatal"]

_RETRIED = frozenset({408, 409, 425, 429})
_FATAL = frozenset({401, 402, 403, 404, 405})
# Libraries name their connection errors alike, and core imports none of them.
_CONNECTION = frozenset(
    {"APIConnectionError", "TransportError", "ClientConnectionError", "ConnectionError", "TimeoutError"}
)
_QUOTA = "insufficient_quota"
_SHOWN = 300
_READ = 10_000


@dataclass(frozen=True)
class Failure:
    """One failed call.

    Attributes:
        kind: "retry" (rate limit, the server's fault: nothing charged, another try may do), "lost" (the
            connection broke or took too long: as "retry", but the provider may have charged), "refused" (this
            one request is not taken, another may be), "fatal" (no request of this run will be taken).
        summary: the status and the error's class, the same for like errors.
        detail: what the provider said, shortened; "" for an error about keys. Secrets in it
            are replaced.
        may_be_charged: True where nobody said that the call failed before it was worked on.
        retry_after: seconds the provider asked to wait; None if it did not say.
    """

    kind: Kind
    summary: str
    detail: str = ""
    may_be_charged: bool = False
    retry_after: float | None = None

    def __str__(self) -> str:
        return f"{self.summary}: {self.detail}" if self.detail else self.summary

    @classmethod
    def from_error(cls, error: Exception, secrets: Iterable[str] = ()) -> Failure:
        """Classify an error; one that is not a provider's is fatal.

        Args:
            error: what the provider's library raised.
            secrets: what must not be in `detail`, beside what looks like a secret.
        """
        text = _text(error, secrets)
        status = _status(error)
        name = type(error).__name__
        if status is None:
            names = {base.__name__ for base in type(error).__mro__}
            if names & _CONNECTION:
                return cls("lost", name, may_be_charged=True)
            if isinstance(error, UnicodeEncodeError):
                # A prompt with half a surrogate pair can't be sent to anybody.
                return cls("refused", name, text)
            return cls("fatal", name, text, may_be_charged=True)
        summary = f"{status} {name}"
        if status in _FATAL:
            return cls("fatal", summary, "" if status in (401, 403) else text)
        if status == 429 and _QUOTA in str(error):
            return cls("fatal", summary, "the account's quota is used up")
        if status in _RETRIED or status >= 500:
            return cls("retry", summary, text, retry_after=_retry_after(error))
        return cls("refused", summary, text)


@dataclass(frozen=True)
class RetryPolicy:
    """When and for how long a failed call is retried.

    Attributes:
        first_wait: seconds before the second try; doubled each time.
        longest_wait: seconds; no wait of our own is longer, a provider's Retry-After may be.
        patience: seconds since a call's first failure after which the run ends (it can be resumed).
    """

    first_wait: float = 1.0
    longest_wait: float = 60.0
    patience: float = 300.0

    def __post_init__(self) -> None:
        for field in ("first_wait", "longest_wait", "patience"):
            value = getattr(self, field)
            if not 0 <= value < math.inf:
                raise ValueError(f"{field} is {value!r}, expected seconds, 0 or more.")

    def wait(self, failures: int, failure: Failure, chance: random.Random) -> float:
        """Return the seconds before the next try, after this many failures in a row.

        Half of the wait is by chance, so that calls that failed together do not come back together.
        """
        # 2.0**1024 overflows; no wait needs more than 2**64 seconds.
        full = min(self.longest_wait, self.first_wait * 2.0 ** min(failures - 1, 64))
        spread = full * (0.5 + 0.5 * chance.random())
        # Never before the time the provider named, and not all at that very moment.
        return spread if failure.retry_after is None else failure.retry_after + 0.1 * spread


def _status(error: Exception) -> int | None:
    response = getattr(error, "response", None)
    for holder, field in (
        (error, "status_code"),
        (error, "status"),
        (error, "code"),
        (response, "status_code"),
        (response, "status"),
    ):
        value = getattr(holder, field, None)
        # google's errors hold an enumeration of http.HTTPStatus; OpenAI's `code` is a word.
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:
            return int(value)
    return None


def _retry_after(error: Exception) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or getattr(error, "headers", None)
    if not isinstance(headers, Mapping):
        return None
    milliseconds, seconds = _number(headers.get("retry-after-ms")), headers.get("retry-after")
    if milliseconds is not None:
        return milliseconds / 1000
    number = _number(seconds)
    if number is not None or not isinstance(seconds, str):
        return number
    try:
        date = parsedate_to_datetime(seconds)
    except ValueError:
        return None
    # A date without a zone is UTC (RFC 9110, section 5.6.7).
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < math.inf else None


def _text(error: Exception, secrets: Iterable[str]) -> str:
    # One line: what an API answers may hold the whole request, its headers included.
    text = without_secrets(" ".join(str(error)[:_READ].split()), secrets)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
