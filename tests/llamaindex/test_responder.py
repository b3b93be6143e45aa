"""LlamaIndex LLMs as judging calls them: text, tokens, limits, errors, and a whole run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

from llama_index.core.llms import MockLLM

from llamaindex_routellm.responder import responder
from routellm_core.preferences.judging.failure import Failure, RetryPolicy
from routellm_core.preferences.judging.judging import judge_prompts
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.responder import Message, Responder
from routellm_core.routing.prices import Price

from examples.stand_in import StandInModel, StandInServer
from tests.core.scripted_models import prefers
from tests.faulty_provider import FaultyProvider

ASKED: list[Message] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]

Make = Callable[..., Any]


async def test_text_and_tokens_are_the_providers(openai: Make, stand_in: StandInServer) -> None:
    asked = responder(openai("gpt-4o", max_tokens=300))
    answer = await asked(ASKED)

    assert isinstance(asked, Responder)
    assert (asked.name, asked.max_tokens) == ("gpt-4o", 300)
    assert answer.text.startswith("[gpt-4o]")
    assert answer.usage is not None
    assert min(answer.usage.input, answer.usage.output) > 0
    assert not answer.truncated
    assert [message["role"] for message in stand_in.bodies("gpt-4o")[0]["messages"]] == ["system", "user"]


async def test_an_answer_that_was_cut_is_told(openai: Make) -> None:
    story: list[Message] = [{"role": "user", "content": "Tell me a long story about a clock."}]
    assert (await responder(openai("gpt-4o", max_tokens=2))(story)).truncated


@pytest.mark.parametrize(
    ("fault", "text", "cut"),
    [("content_filter", "This is", True), ("refusal", "I can't help with that.", False)],
)
async def test_what_a_filter_or_the_model_itself_withheld_is_told(
    openai: Make, fault: Any, text: str, cut: bool
) -> None:
    provider = FaultyProvider(fault)
    answer = await responder(openai("gpt-4o-mini", async_http_client=provider.async_client))(ASKED)

    assert (answer.text, answer.truncated) == (text, cut)


async def test_an_openai_like_model_serves_too(openai_like: Make) -> None:
    assert (await responder(openai_like("gpt-weak"))(ASKED)).text.startswith("[gpt-weak]")


async def test_tokens_that_nobody_counted_are_unknown() -> None:
    answer = await responder(MockLLM(), name="mock")(ASKED)

    assert "Hello?" in answer.text
    assert answer.usage is None


def test_name_and_limit_can_be_given_and_other_things_are_refused() -> None:
    given = responder(MockLLM(), name="mock", max_tokens=9)

    assert (given.name, given.max_tokens) == ("mock", 9)
    assert responder(MockLLM(), name="mock").max_tokens == 1024
    with pytest.raises(ValueError, match="MockLLM has no model name: give name="):
        responder(MockLLM())
    with pytest.raises(ValueError, match="model is str, expected a LlamaIndex LLM"):
        responder("gpt-4o")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "kind"), [(429, "retry"), (500, "retry"), (401, "fatal"), (0, "lost"), (400, "refused")]
)
async def test_what_a_providers_error_means(
    openai: Make, stand_in: StandInServer, status: int, kind: str
) -> None:
    stand_in.fail_next("gpt-4o", status, retry_after=7 if status == 429 else None)
    with pytest.raises(Exception) as raised:  # noqa: PT011
        await responder(openai("gpt-4o"))(ASKED)

    failure = Failure.from_error(raised.value)  # type: ignore[arg-type]
    assert failure.kind == kind
    assert failure.retry_after == (7.0 if status == 429 else None)


async def test_battles_come_of_llms(clients: dict[str, Any], tmp_path: Path) -> None:
    module = pytest.importorskip("llama_index.llms.openai_like", reason="openai-like is not installed")
    judge = StandInModel("judge", answer=lambda prompt: prefers("[small]")(prompt.user))
    with StandInServer([StandInModel("big"), StandInModel("small"), judge]) as server:
        given = {**clients, "api_key": "sk-test-key", "api_base": server.openai_url, "max_retries": 0}
        trio = [
            responder(module.OpenAILike(model=name, is_chat_model=True, **given))
            for name in ("big", "small", "judge")
        ]
        settings = JudgingSettings(
            prices={"big": Price(1, 1)}, retries=RetryPolicy(first_wait=0.01, longest_wait=0.01)
        )
        server.fail_next("judge", 500, times=2)
        result = await judge_prompts(["Why?", "How?"], *trio, log=tmp_path / "log.jsonl", settings=settings)
        calls = server.calls()

    assert [judgement.battle.winner for judgement in result.found] == ["model_b"] * 2
    assert calls == {"big": 2, "small": 2, "judge": 6}
    assert 0 < result.spent < 1e-3
