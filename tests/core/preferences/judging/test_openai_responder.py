"""Judging by a real client against the stand-in: what is sent, what is counted, faults in the way."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("openai", reason="openai is not installed")

from routellm_core.preferences.judging.failure import RetryPolicy
from routellm_core.preferences.judging.judgement import JudgingResult
from routellm_core.preferences.judging.judging import judge_in_new_loop
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.openai_responder import OpenAIResponder
from routellm_core.preferences.judging.responder import Answer, Responder
from routellm_core.routing.prices import Price

from examples.stand_in import Prompt, StandInModel, StandInServer
from tests.core.scripted_models import prefers

PROMPTS = [f"What is {number} plus {number}?" for number in range(5)]
QUICK = RetryPolicy(first_wait=0.01, longest_wait=0.02, patience=20.0)


def by_content(prompt: Prompt) -> str:
    return prefers("[big]")(prompt.user)


@pytest.fixture
def server() -> Iterator[StandInServer]:
    models = [
        StandInModel("big", latency=0.002),
        StandInModel("small", latency=0.002),
        StandInModel("judge", latency=0.002, answer=by_content),
        StandInModel("babbler", answer="[[A]], I would say."),
    ]
    with StandInServer(models) as running:
        yield running


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def judge(server: StandInServer, log: Path, judge: str = "judge", **settings: object) -> JudgingResult:
    models = [OpenAIResponder(name, base_url=server.openai_url) for name in ("big", "small", judge)]
    given = JudgingSettings(**{"retries": QUICK, "concurrency": 3, **settings})  # type: ignore[arg-type]
    return judge_in_new_loop(PROMPTS, *models, log=log, settings=given)


def completion(content: Any, usage: Any = None, reason: Any = "stop") -> Any:
    """What the client makes of an answer without checking it."""
    choice = SimpleNamespace(message=SimpleNamespace(content=content), finish_reason=reason)
    return SimpleNamespace(choices=[choice], usage=usage)


async def answered(sent: Any) -> Answer:
    async def create(**request: Any) -> Any:
        return sent

    responder = OpenAIResponder("m", base_url="http://127.0.0.1:1/v1")
    responder._client = SimpleNamespace(
        base_url="http://127.0.0.1:1", chat=SimpleNamespace(completions=SimpleNamespace(create=create))
    )
    return await responder([{"role": "user", "content": "Why?"}])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        (["a", {"type": "image"}, 7, None], "a"),
        ({"text": "a"}, ""),
        (None, ""),
        (7, ""),
    ],
)
async def test_content_of_any_type_is_a_text(content: Any, text: str) -> None:
    assert (await answered(completion(content))).text == text


@pytest.mark.parametrize("sent", [None, {}, [], SimpleNamespace(), SimpleNamespace(choices={}, usage=7)])
async def test_an_answer_of_any_type_is_an_answer(sent: Any) -> None:
    assert await answered(sent) == Answer("")


def test_it_shows_no_password_and_names_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD_NAME", "a key of its own")
    responder = OpenAIResponder("m", base_url="http://me:hidden@host/v1", key_variable="ODD_NAME")

    assert "hidden" not in repr(responder)
    assert responder.secrets == ("a key of its own",)
    assert OpenAIResponder("m", key_variable="NOT_SET").secrets == ()


@pytest.mark.parametrize("reason", ["length", "max_tokens", "content_filter"])
async def test_an_answer_that_was_cut_off_says_so(reason: str) -> None:
    assert (await answered(completion("[[A]]", reason=reason))).truncated


async def test_a_refusal_is_what_the_model_said() -> None:
    sent = completion(None)
    sent.choices[0].message.refusal = "I can't help with that."
    assert await answered(sent) == Answer("I can't help with that.")


async def test_an_answer_that_cost_nothing_was_not_counted() -> None:
    zero = SimpleNamespace(prompt_tokens=0, completion_tokens=0)
    assert (await answered(completion("a", zero))).usage is None


def asked(server: StandInServer) -> Counter[tuple[str, str]]:
    """(model, messages) -> how many requests."""
    bodies = [request.body for request in server.requests]
    return Counter((str(body["model"]), json.dumps(body["messages"])) for body in bodies)


def test_battles_come_of_three_models_each_request_once(server: StandInServer, tmp_path: Path) -> None:
    result = judge(server, tmp_path / "log.jsonl", prices={"big": Price(1, 1)})

    assert [judgement.battle.winner for judgement in result.found] == ["model_a"] * 5
    assert server.calls() == {"big": 5, "small": 5, "judge": 10}
    assert set(asked(server).values()) == {1}
    assert server.refused == []
    assert server.in_flight.peak == 3
    # What the provider counted, not an estimate.
    assert 0 < result.spent < 5 * 100 / 1e6
    assert "sk-test-key" not in (tmp_path / "log.jsonl").read_text()


@pytest.mark.parametrize("status", [429, 500, 503, 0])
def test_faults_are_tried_again_and_no_answer_is_paid_twice(
    server: StandInServer, tmp_path: Path, status: int
) -> None:
    for model in ("big", "small", "judge"):
        server.fail_next(model, status, times=2)
    result = judge(server, tmp_path / "log.jsonl")

    assert (len(result.found), result.stopped, result.rejected) == (5, "", {})
    answered = Counter(
        (str(each.body["model"]), json.dumps(each.body["messages"]))
        for each in server.requests
        if each.status == 200
    )
    assert len(answered) == 20
    assert set(answered.values()) == {1}
    assert sum(asked(server).values()) == 26


def test_the_providers_wait_is_kept(server: StandInServer, tmp_path: Path) -> None:
    # Longer than the patience: it would have to be kept, so the run ends instead, without another request.
    server.fail_next("big", 429, retry_after=60.0)
    result = judge(server, tmp_path / "log.jsonl", concurrency=1)

    assert "big failed 1 times" in result.stopped
    assert "asks to wait 60 s" in result.stopped
    assert server.calls() == {"big": 1}


def test_an_hour_of_failures_ends_the_run_and_the_rest_is_done_later(
    server: StandInServer, tmp_path: Path
) -> None:
    server.fail_next("judge", 503, times=10_000)
    impatient = RetryPolicy(first_wait=0.01, longest_wait=0.02, patience=0.1)
    result = judge(server, tmp_path / "log.jsonl", retries=impatient)
    assert "503" in result.stopped
    assert result.found == []
    paid = server.calls()
    server.reset()
    result = judge(server, tmp_path / "log.jsonl")

    assert (len(result.found), result.stopped) == (5, "")
    assert server.calls()["big"] + paid["big"] == 5
    assert server.calls()["small"] + paid["small"] == 5
    assert server.calls()["judge"] == 10


def test_malformed_verdicts_are_counted_and_kept(server: StandInServer, tmp_path: Path) -> None:
    result = judge(server, tmp_path / "log.jsonl", "babbler", verdict_attempts=2)

    assert result.rejected == {"babbler gave a malformed verdict": 5}
    assert server.calls()["babbler"] == 10
    assert (tmp_path / "log.jsonl").read_text().count("[[A]], I would say.") == 10


def test_the_cap_holds_against_what_the_provider_counts(server: StandInServer, tmp_path: Path) -> None:
    prices = {name: Price(1_000, 1_000) for name in ("big", "small", "judge")}
    result = judge(server, tmp_path / "log.jsonl", prices=prices, max_cost=4.0)
    assert "the cap on spend is reached" in result.stopped
    assert 0 < result.spent <= 4.0
    assert result.made == sum(server.calls().values()) < 20


async def test_it_sends_its_limit_and_tells_an_answer_that_was_cut(server: StandInServer) -> None:
    async with OpenAIResponder("big", base_url=server.openai_url, max_tokens=2) as model:
        assert isinstance(model, Responder)
        answer = await model([{"role": "user", "content": "Tell me a long story about a clock."}])

    assert answer.truncated
    assert answer.usage is not None
    assert answer.usage.output == 2
    assert server.bodies("big")[0]["max_tokens"] == 2
    assert "max_completion_tokens" not in server.bodies("big")[0]


async def test_one_object_serves_again_after_it_was_closed(server: StandInServer) -> None:
    model = OpenAIResponder("big", base_url=server.openai_url)
    for _ in range(2):
        assert (await model([{"role": "user", "content": "Hello"}])).text.startswith("[big]")
        assert pickle.loads(pickle.dumps(model)).name == "big"
        await model.aclose()


def test_it_holds_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-very-secret")
    model = OpenAIResponder("m", key_variable="OTHER_KEY")
    model.check_key()
    copy = pickle.loads(pickle.dumps(model))

    assert "sk-very-secret" not in repr(model) + repr(vars(model)) + repr(vars(copy))
    assert (copy.name, copy.key_variable, copy.max_tokens) == ("m", "OTHER_KEY", 1024)


def test_a_missing_key_is_named_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ValueError, match=r"the key for gpt-4o is missing: set .* OPENAI_API_KEY"):
        OpenAIResponder("gpt-4o").check_key()
    OpenAIResponder("local", base_url="http://127.0.0.1:1/v1").check_key()
    with pytest.raises(ValueError, match="max_tokens of m is 0"):
        OpenAIResponder("m", max_tokens=0)
    with pytest.raises(ValueError, match="model is ''"):
        OpenAIResponder("")
