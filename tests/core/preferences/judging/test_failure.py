"""Failures: what an error of a provider means, and how long to wait."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from routellm_core.preferences.judging.failure import Failure, RetryPolicy

from tests.core.scripted_models import ProviderError


@pytest.mark.parametrize(
    ("error", "kind", "charged"),
    [
        (ProviderError(429), "retry", False),
        (ProviderError(500), "retry", False),
        (ProviderError(503), "retry", False),
        (ProviderError(529), "retry", False),
        (ProviderError(408), "retry", False),
        (TimeoutError(), "lost", True),
        (ConnectionResetError(), "lost", True),
        (ProviderError(400), "refused", False),
        (ProviderError(413), "refused", False),
        (ProviderError(401), "fatal", False),
        (ProviderError(404), "fatal", False),
        (ProviderError(429, "insufficient_quota"), "fatal", False),
        (KeyError("choices"), "fatal", True),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), "refused", False),
    ],
)
def test_what_an_error_means(error: Exception, kind: str, charged: bool) -> None:
    failure = Failure.from_error(error)
    assert (failure.kind, failure.may_be_charged) == (kind, charged)


def test_an_error_about_keys_is_told_without_its_words() -> None:
    assert "sk-123" not in repr(Failure.from_error(ProviderError(401, "Incorrect API key: sk-123")))
    assert str(Failure.from_error(ProviderError(400, "too\nlong"))) == "400 ProviderError: too long"
    assert len(str(Failure.from_error(ProviderError(400, "x" * 10_000)))) < 500


def test_retry_after_is_read_as_seconds_milliseconds_and_date() -> None:
    def read(headers: dict[str, str]) -> float | None:
        return Failure.from_error(ProviderError(429, headers=headers)).retry_after

    assert read({"retry-after": "7"}) == 7.0
    assert read({"retry-after-ms": "1500", "retry-after": "2"}) == 1.5
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100))
    assert read({"retry-after": date}) == pytest.approx(100, abs=5)
    assert read({"retry-after": format_datetime(datetime.now(UTC) - timedelta(seconds=9))}) == 0.0
    assert [read({"retry-after": text}) for text in ("soon", "-1", "nan", "")] == [None] * 4
    assert read({}) is None


def test_waits_double_up_to_the_longest_with_a_part_by_chance() -> None:
    policy, chance = RetryPolicy(first_wait=1.0, longest_wait=10.0), random.Random(0)
    for failures, full in ((1, 1.0), (2, 2.0), (3, 4.0), (5, 10.0), (5_000, 10.0)):
        waits = [policy.wait(failures, Failure("retry", ""), chance) for _ in range(50)]
        assert all(full / 2 <= wait <= full for wait in waits)
        assert len(set(waits)) > 40
    asked = [policy.wait(1, Failure("retry", "", retry_after=30.0), chance) for _ in range(50)]
    assert all(30.0 <= wait <= 31.0 for wait in asked)
    with pytest.raises(ValueError, match="patience is -1"):
        RetryPolicy(patience=-1)
