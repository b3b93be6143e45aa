"""LangChain chat models as judging calls them: text, tokens, limits, errors, and a whole run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI

from langchain_routellm.responder import LangChainResponder, responder
from routellm_core.preferences.judging.failure import Failure, RetryPolicy
from routellm_core.preferences.judging.judging import judge_prompts
from routellm_core.preferences.judging.judging_settings import JudgingSettings
from routellm_core.preferences.judging.responder import Message, Responder
from routellm_core.routing.prices import Price, TokenUsage

from examples.stand_in import StandInModel, StandInServer
from tests.core.scripted_models import prefers
from tests.faulty_provider import FaultyProvider
from tests.langchain.conftest import chat_anthropic, chat_openai

ASKED: list[Message] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]


@pytest.mark.parametrize("make", [chat_openai, chat_anthropic])
async def test_text_and_tokens_are_the_providers(server: StandInServer, make: Any) -> None:
    model = make(server, "gpt-weak" if make is chat_openai else "claude-weak", max_tokens=300)
    asked = responder(model)
    answer = await asked(ASKED)

    assert isinstance(asked, Responder)
    assert (asked.name, asked.max_tokens) == (getattr(model, "model_name", None) or model.model, 300)
    reply = await model.ainvoke([("system", "Be brief."), ("human", "Hello?")])
    assert answer.text == reply.text
    usage = reply.usage_metadata
    assert answer.usage == TokenUsage(usage["input_tokens"], usage["output_tokens"], 0)
    assert not answer.truncated


@pytest.mark.parametrize("make", [chat_openai, chat_anthropic])
async def test_an_answer_that_was_cut_is_told(server: StandInServer, make: Any) -> None:
    model = make(server, "gpt-weak" if make is chat_openai else "claude-weak", max_tokens=2)
    assert (await responder(model)([{"role": "user", "content": "Tell me a long story."}])).truncated


@pytest.mark.parametrize(
    ("fault", "text", "cut"),
    [("content_filter", "This is", True), ("refusal", "I can't help with that.", False)],
)
async def test_what_a_filter_or_the_model_itself_withheld_is_told(fault: Any, text: str, cut: bool) -> None:
    provider = FaultyProvider(fault)
    model = ChatOpenAI(model="gpt-4o-mini", api_key="k", http_async_client=provider.async_client)  # type: ignore[arg-type]
    answer = await responder(model)(ASKED)

    assert (answer.text, answer.truncated) == (text, cut)


async def test_an_incomplete_answer_of_the_responses_api_is_cut() -> None:
    metadata = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    model = GenericFakeChatModel(messages=iter([AIMessage("[[A]]", response_metadata=metadata)]))

    assert (await responder(model, name="fake")(ASKED)).truncated


async def test_a_bound_model_keeps_its_bindings(stand_in: StandInServer) -> None:
    bound = chat_openai(stand_in, "gpt-weak").bind(temperature=0.5).with_config(tags=["judge"])
    answer = await responder(bound)(ASKED)

    assert answer.text
    assert responder(bound).name == "gpt-weak"
    assert stand_in.bodies("gpt-weak")[0]["temperature"] == 0.5


async def test_a_cached_answer_costs_nothing(stand_in: StandInServer) -> None:
    asked = responder(chat_openai(stand_in, "gpt-weak", cache=InMemoryCache()))
    first, second = await asked(ASKED), await asked(ASKED)

    assert first.usage != TokenUsage()
    assert (second.text, second.usage) == (first.text, TokenUsage())


async def test_tokens_that_nobody_counted_are_unknown() -> None:
    answer = await responder(FakeListChatModel(responses=["Hi."]), name="fake")(ASKED)
    assert (answer.text, answer.usage) == ("Hi.", None)


def test_name_and_limit_can_be_given_and_other_things_are_refused() -> None:
    fake = FakeListChatModel(responses=["Hi."])
    given = responder(fake, name="mine", max_tokens=9)

    assert (given.name, given.max_tokens) == ("mine", 9)
    assert responder(fake, name="mine").max_tokens == 1024
    with pytest.raises(ValueError, match="FakeListChatModel has no model name: give name="):
        responder(fake)
    with pytest.raises(ValueError, match="model is str, expected a LangChain chat model"):
        responder("gpt-4o")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "kind"), [(429, "retry"), (500, "retry"), (401, "fatal"), (0, "lost"), (400, "refused")]
)
@pytest.mark.parametrize("make", [chat_openai, chat_anthropic])
async def test_what_a_providers_error_means(
    stand_in: StandInServer, make: Any, status: int, kind: str
) -> None:
    name = "gpt-weak" if make is chat_openai else "claude-weak"
    stand_in.fail_next(name, status, retry_after=7 if status == 429 else None)
    with pytest.raises(Exception) as raised:  # noqa: PT011
        await responder(make(stand_in, name))(ASKED)

    failure = Failure.from_error(raised.value)  # type: ignore[arg-type]
    assert failure.kind == kind
    assert failure.retry_after == (7.0 if status == 429 else None)


async def test_battles_come_of_chat_models(tmp_path: Path) -> None:
    judge = StandInModel("judge", answer=lambda prompt: prefers("[gpt-strong]")(prompt.user))
    with StandInServer([StandInModel("gpt-strong"), StandInModel("gpt-weak"), judge]) as server:
        trio = [responder(chat_openai(server, name)) for name in ("gpt-strong", "gpt-weak", "judge")]
        settings = JudgingSettings(
            prices={"gpt-strong": Price(1, 1)}, retries=RetryPolicy(first_wait=0.01, longest_wait=0.01)
        )
        server.fail_next("judge", 429, times=2)
        result = await judge_prompts(["Why?", "How?"], *trio, log=tmp_path / "log.jsonl", settings=settings)
        calls = server.calls()

    assert [judgement.battle.winner for judgement in result.found] == ["model_a"] * 2
    assert calls == {"gpt-strong": 2, "gpt-weak": 2, "judge": 6}
    assert 0 < result.spent < 1e-3


async def test_something_that_is_no_message_is_told() -> None:
    class Wrong(FakeListChatModel):
        async def ainvoke(self, *args: Any, **kwargs: Any) -> Any:
            return "Hi."

    with pytest.raises(TypeError, match="fake returned str, expected a message"):
        await LangChainResponder(Wrong(responses=[""]), name="fake", max_tokens=1)([])
