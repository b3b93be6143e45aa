"""What counts as a secret, and that no text of ours repeats one."""

from typing import Any

import pytest

from routellm_core.checkpoints.redaction import (
    MARK,
    is_secret,
    redacted,
    without_address_secrets,
    without_secrets,
    without_values,
)

KEY = "f3a9c1d27b8e4455"


NAMES = """
api_key apiKey API-KEY x-api-key OPENAI_API_KEY apikey Authorization password hf_token aws_secret_access_key
aws_access_key_id X-Custom-Auth Cookie clientSecret credentials passwd proxy-authorization
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_these_names_are_secrets(name: str) -> None:
    assert is_secret(name, KEY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 1_000_000),
        ("tokenizer", "o200k_base"),
        ("model", "gpt-4o-mini"),
        ("keys", "abcdefgh"),
        ("eos_token", "</s>"),
        ("api_key", None),
        ("api_key", ""),
        ("use_auth", True),
        ("token", {}),
        ("author", "somebody"),
        ("monkey", "something"),
        ("key_env", "OPENAI_API_KEY"),
        ("漢字", KEY),
        ("", KEY),
    ],
)
def test_these_are_none(name: str, value: object) -> None:
    assert not is_secret(name, value)


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}.",
        f"a header {{'Authorization': 'Bearer {KEY}'}} was sent",
        f"authorization: Basic {KEY}",
        f"x-api-key: {KEY}",
        f'{{"api_key": "{KEY}", "n": 1}}',
        f"api_key={KEY}&n=1",
        f"http://user:{KEY}@host/v1",
        f"Cookie: {KEY}; path=/",
        f"key sk-{KEY} is wrong",
        f"AIza{KEY}{KEY}",
        f"Bearer {KEY}",
        f"eyJ{KEY}.eyJ{KEY}.{KEY}",
        f"password={KEY}",
        f"hf_{KEY}",
    ],
)
def test_a_text_from_elsewhere_loses_its_secrets(text: str) -> None:
    shown = without_secrets(text, [KEY] if "provided" in text else [])

    assert KEY not in shown
    assert MARK in shown


@pytest.mark.parametrize(
    "text",
    [
        "The model `gpt-4o-mini` does not exist.",
        "max_tokens: 1000000 is above 16384",
        "Rate limit reached for tokens per min: limit 30000, used 29999.",
        "See https://platform.openai.com/docs/guides/error-codes for basic information.",
        "error code: invalid_api_key",
        "task-0123456789abcdef is done",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert without_secrets(text) == text


def test_secrets_of_the_environment_are_known_by_their_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", "a key/of odd+form")
    monkeypatch.setenv("NO_SECRET", "a key/of odd+form!")
    monkeypatch.setenv("TOKEN", "word")

    assert without_values("it is a key/of odd+form, word") == f"it is {MARK}, word"
    assert without_values("?k=a%20key%2Fof%20odd%2Bform") == f"?k={MARK}"


def test_the_longer_of_two_values_is_replaced_whole() -> None:
    assert without_values("abcdefghi abcdef", ["abcdef", "abcdefghi", "", None]) == f"{MARK} {MARK}"


def test_an_address_loses_its_user() -> None:
    assert without_address_secrets("https://me:secret@host:8/v1?a=b@c") == "https://host:8/v1?a=b@c"
    assert without_address_secrets("https://host/v1") == "https://host/v1"


def test_settings_are_shown_without_those_that_are_secret() -> None:
    shown = {
        "max_tokens": 5_000_000,
        "tokenizer": "a-tokenizer",
        "model": "a-model-name",
        "eos_token": "</s>",
    }
    hidden: dict[str, Any] = {
        "api_key": KEY,
        "hf_token": KEY,
        "x-api-key": KEY,
        "headers": {"Authorization": KEY, "X-Custom-Auth": KEY},
    }
    hidden["proxies"] = {"https": f"https://me:{KEY}@proxy:8"}
    found: Any = redacted({**shown, **hidden, "list": [{"aws_secret_access_key": KEY}]})
    assert {name: found[name] for name in shown} == shown
    assert KEY not in str(found)
    assert redacted({"api_base": f"https://me:{KEY}@host/v1"}) == {"api_base": "https://host/v1"}


def test_a_setting_that_repeats_a_secret_is_left_out_under_any_name() -> None:
    given = {
        "api_key": KEY,
        "headers": {"X-Team": KEY, "X-Run": "sk-0123456789abcdefghij", "Referer": "https://example.com"},
        "stop": [KEY, "\n"],
        "prompt": "Never say sk-0123456789abcdefghij to anybody.",
    }

    assert redacted(given) == {
        "headers": {"Referer": "https://example.com"},
        "stop": [MARK, "\n"],
        "prompt": given["prompt"],
    }


def test_a_short_placeholder_of_a_key_is_no_secret_elsewhere() -> None:
    assert redacted({"api_key": "ollama", "model": "ollama/qwen3"}) == {"model": "ollama/qwen3"}


@pytest.mark.parametrize("name", ["api_key", "apikey", "key", "access_token", "sig", "code", "api%5Fkey"])
def test_an_address_loses_the_parameters_that_hold_a_secret(name: str) -> None:
    shown = without_address_secrets(f"https://host/v1?api-version=2024-10-21&{name}={KEY}&team=a#top")
    assert shown == "https://host/v1?api-version=2024-10-21&team=a#top"
    assert without_address_secrets(f"https://host/v1?{name}={KEY}") == "https://host/v1"
    assert KEY not in without_secrets(f"GET https://host/v1?n=1&{name.replace('%5F', '_')}={KEY} failed")


def test_a_secret_of_an_address_is_kept_nowhere_else_either() -> None:
    password, key = "correct-horse-battery", "a%2Bstaple-of-keys"
    given = {
        "url": f"https://me:{password}@host/v1?key={key}",
        "headers": {"x": password, "y": "a+staple-of-keys"},
    }
    assert redacted(given) == {"url": "https://host/v1", "headers": {}}


def test_parameters_that_hold_none_stay() -> None:
    for address in ("https://host/v1?api-version=2024-10-21", "https://host/?code=python", "https://host/?a"):
        assert without_address_secrets(address) == address
