"""What providers answer, and what happens to a log: nothing that is paid for becomes unreadable."""

import asyncio
import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routellm_core.preferences.judging.call_log import CallLog
from routellm_core.preferences.judging.failure import Failure, RetryPolicy
from routellm_core.preferences.judging.judging import judge_prompts
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.openai_responder import OpenAIResponder
from routellm_core.preferences.judging.responder import Answer
from routellm_core.preferences.reading.records import DataError
from routellm_core.routing.prices import Price, TokenUsage

from tests.attack.strength import seeds, tries
from tests.core.scripted_models import ScriptedModel, prefers

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
USAGES = JSON | st.builds(TokenUsage, JSON, JSON, JSON) | st.none()


def completion(content: Any, usage: Any, reason: Any) -> Any:
    choice = SimpleNamespace(message=SimpleNamespace(content=content), finish_reason=reason)
    return SimpleNamespace(choices=[choice], usage=usage)


@tries(300)
@given(content=JSON, read=JSON, written=JSON, cached=JSON, reason=JSON)
def test_any_completion_is_an_answer(content: Any, read: Any, written: Any, cached: Any, reason: Any) -> None:
    details = SimpleNamespace(cached_tokens=cached)
    usage = SimpleNamespace(prompt_tokens=read, completion_tokens=written, prompt_tokens_details=details)

    async def create(**request: Any) -> Any:
        return completion(content, usage, reason)

    responder = OpenAIResponder("m", base_url="http://127.0.0.1:1/v1")
    completions = SimpleNamespace(create=create)
    responder._client = SimpleNamespace(base_url="", chat=SimpleNamespace(completions=completions))
    answer = asyncio.run(responder([{"role": "user", "content": "Why?"}]))

    assert isinstance(answer, Answer)
    assert isinstance(answer.text, str)


@tries(60)
@given(usages=st.lists(USAGES, min_size=3, max_size=3), text=JSON)
def test_a_run_with_any_usage_can_be_resumed(
    tmp_path_factory: pytest.TempPathFactory, usages: list[Any], text: Any
) -> None:
    log = tmp_path_factory.mktemp("run") / "log.jsonl"
    prices = {name: Price(1e6, 1e6) for name in ("big", "small", "judge")}
    settings = JudgingSettings(
        prices=prices, max_cost=10_000.0, retries=RetryPolicy(0.001, 0.002, 1.0), concurrency=2
    )
    trio = (
        ScriptedModel("big", lambda _: text, usage=usages[0]),
        ScriptedModel("small", usage=usages[1]),
        ScriptedModel("judge", prefers("big on"), usage=usages[2]),
    )
    first = asyncio.run(judge_prompts(["Why?", "How?"], *trio, log=log, settings=settings))
    later = asyncio.run(judge_prompts(["Why?", "How?"], *trio, log=log, settings=settings))

    assert 0.0 <= first.spent <= 10_000.0
    assert later.reused >= first.made
    assert max(count for model in trio for count in model.asked.values()) == 1


def test_a_damaged_log_is_read_or_refused(tmp_path: Path) -> None:
    rows = []
    for key in "abcdef":
        rows.append({"event": "start", "key": key, "model": "m", "most": vars_of(TokenUsage(9, 9))})
        answer = {"event": "answer", "key": key, "model": "m", "text": "yes", "truncated": False}
        rows.append({**answer, "usage": vars_of(TokenUsage(5, 5)), "counted": True})
    whole = "".join(json.dumps(row) + "\n" for row in rows).encode()
    for seed in seeds(200):
        chance = random.Random(seed)
        data = bytearray(whole[: chance.randrange(len(whole) + 1)])
        for _ in range(chance.randrange(3)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        path = tmp_path / f"{seed}.jsonl"
        path.write_bytes(data)
        try:
            with CallLog(path) as log:
                for key in "abcdef":
                    log.answer(key)
        except DataError:
            # refused, and left as it is for whoever mends it
            assert path.read_bytes() == bytes(data)
            continue
        with CallLog(path) as log:
            assert log.interrupted == 0


def vars_of(usage: TokenUsage) -> dict[str, int]:
    return {"input": usage.input, "output": usage.output, "cached_input": usage.cached_input}


@tries(200)
@given(st.text(max_size=80), st.sampled_from([400, 401, 403, 404, 429, 500, 503, None, "x", 10**30]))
def test_any_error_is_a_failure_in_one_line(text: str, status: Any) -> None:
    error = ValueError(text)
    error.status_code = status  # type: ignore[attr-defined]
    failure = Failure.from_error(error)

    assert "\n" not in str(failure)
    assert len(str(failure)) < 400
