"""The chosen model keeps its life: its cache, limiter, callbacks, bound arguments, retries, streaming."""

from __future__ import annotations

import copy
from itertools import repeat
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.globals import set_llm_cache
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.rate_limiters import BaseRateLimiter

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_openai

EASY, HARD = "What is the capital of France?", "Prove the hard theorem of Fermat."


class CountingLimiter(BaseRateLimiter):
    def __init__(self) -> None:
        self.acquired = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        self.acquired += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire()


class CountingHandler(BaseCallbackHandler):
    def __init__(self) -> None:
        self.starts = 0
        self.tokens = 0

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.starts += 1

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.tokens += 1


@pytest.mark.parametrize("where", ["model", "router"])
def test_a_cache_answers_the_second_call(pair: Pair, stand_in: StandInServer, where: str) -> None:
    cache = InMemoryCache()
    llm = (
        pair(cache=cache) if where == "router" else pair(weak=chat_openai(stand_in, "gpt-weak", cache=cache))
    )
    first, second = llm.invoke(EASY), llm.invoke(EASY)
    assert first.content == second.content
    assert stand_in.calls() == {"gpt-weak": 1}
    assert first.response_metadata["routellm"] == second.response_metadata["routellm"]
    # What lies in the cache is the model's own answer: another router must not find this one's record in it.
    assert "routellm" not in chat_openai(stand_in, "gpt-weak", cache=cache).invoke(EASY).response_metadata
    assert llm.routing_stats().weak.calls == 2
    assert llm.routing_stats().weak.tokens.output == first.usage_metadata["output_tokens"]  # type: ignore[index]


def test_cache_entries_are_shared_by_nobody_they_should_not_be(pair: Pair, stand_in: StandInServer) -> None:
    set_llm_cache(InMemoryCache())
    try:
        llm = pair()
        assert llm.invoke(EASY).text.startswith("[gpt-weak]")
        llm.threshold = 0.05
        assert llm.invoke(EASY).text.startswith("[gpt-strong]")
        assert pair(threshold=0.0).invoke(EASY).text.startswith("[gpt-strong]")
        assert (
            pair(strong=chat_openai(stand_in, "gpt-4o"), threshold=0.0)
            .invoke(EASY)
            .text.startswith("[gpt-4o]")
        )
        assert stand_in.calls() == {"gpt-weak": 1, "gpt-strong": 1, "gpt-4o": 1}
    finally:
        set_llm_cache(None)


def test_identity_tells_routers_thresholds_pairs_and_addresses_apart(
    pair: Pair, stand_in: StandInServer
) -> None:
    elsewhere = chat_openai(stand_in, "gpt-weak", base_url="http://127.0.0.1:1/v1")
    models = [pair(), pair(threshold=0.6), pair(router="random"), pair(weak=elsewhere), pair(mode="shadow")]
    assert len({model._get_llm_string() for model in models}) == len(models)
    assert pair()._get_llm_string() == pair()._get_llm_string()
    assert "test-key" not in pair()._get_llm_string()


@pytest.mark.parametrize("where", ["model", "router"])
async def test_a_rate_limiter_is_asked_once_per_call(pair: Pair, stand_in: StandInServer, where: str) -> None:
    limiter = CountingLimiter()
    if where == "router":
        llm = pair(rate_limiter=limiter)
    else:
        llm = pair(weak=chat_openai(stand_in, "gpt-weak", rate_limiter=limiter))
    llm.invoke(EASY)
    await llm.ainvoke(EASY)
    list(llm.stream(EASY))
    assert limiter.acquired == 3


@pytest.mark.parametrize("where", ["model", "router"])
def test_callbacks_are_called_once_per_call(pair: Pair, stand_in: StandInServer, where: str) -> None:
    handler = CountingHandler()
    if where == "router":
        llm = pair(callbacks=[handler])
    else:
        llm = pair(weak=chat_openai(stand_in, "gpt-weak", callbacks=[handler]))
    llm.invoke(EASY)
    chunks = list(llm.stream(EASY))
    assert handler.starts == 2
    assert handler.tokens == len(chunks)


@pytest.mark.parametrize("where", ["model", "router"])
def test_output_version(pair: Pair, stand_in: StandInServer, where: str) -> None:
    if where == "router":
        llm = pair(output_version="v1")
    else:
        llm = pair(weak=chat_openai(stand_in, "gpt-weak", output_version="v1"))
    content = llm.invoke(EASY).content
    assert isinstance(content, list)
    assert content[0]["type"] == "text"  # type: ignore[index]


@pytest.mark.parametrize("where", ["model", "router"])
@pytest.mark.parametrize("setting", [{"disable_streaming": True}, {"streaming": True}])
def test_streaming_settings(pair: Pair, stand_in: StandInServer, where: str, setting: dict[str, Any]) -> None:
    given = setting if where == "router" else {"weak": chat_openai(stand_in, "gpt-weak", **setting)}
    llm = pair(**given)
    list(llm.stream(EASY))
    llm.invoke(EASY)
    streamed = [bool(body.get("stream")) for body in stand_in.bodies("gpt-weak")]
    assert streamed == ([False, False] if "disable_streaming" in setting else [True, True])


def test_settings_assigned_later_count_too(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair()
    llm.invoke(EASY)
    llm.cache = InMemoryCache()
    llm.invoke(EASY)
    llm.invoke(EASY)
    assert len(stand_in.requests) == 2
    llm.stop = ["Paris"]
    llm.invoke(EASY)
    assert stand_in.bodies("gpt-weak")[-1]["stop"] == ["Paris"]


def test_bound_arguments_and_configuration_are_kept(pair: Pair, stand_in: StandInServer) -> None:
    handler = CountingHandler()
    bound = chat_openai(stand_in, "gpt-weak").bind(temperature=0.1, stop=["Paris"])
    llm = pair(weak=bound.with_config(callbacks=[handler]))
    llm.invoke(EASY)
    list(llm.stream(EASY))
    llm.invoke(EASY, temperature=0.9)
    bodies = stand_in.bodies("gpt-weak")
    assert [(body["temperature"], body["stop"]) for body in bodies] == [
        (0.1, ["Paris"]),
        (0.1, ["Paris"]),
        (0.9, ["Paris"]),
    ]
    assert handler.starts == 3


def test_the_models_own_retries_happen_inside_one_call(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(weak=chat_openai(stand_in, "gpt-weak", max_retries=2))
    stand_in.fail_next("gpt-weak", 500, retry_after=0.01)
    assert llm.invoke(EASY).text.startswith("[gpt-weak]")
    assert stand_in.calls() == {"gpt-weak": 2}
    assert llm.routing_stats().weak.calls == 1


def test_the_given_models_are_not_changed(pair: Pair, stand_in: StandInServer) -> None:
    strong, weak = chat_openai(stand_in, "gpt-strong"), chat_openai(stand_in, "gpt-weak")
    before = [copy.copy(dict(model.__dict__)) for model in (strong, weak)]
    llm = pair(strong=strong, weak=weak, cache=InMemoryCache(), stop=["x"], output_version="v1", tags=["t"])
    llm.invoke(EASY)
    assert llm.strong is strong
    assert llm.weak is weak
    for model, fields in zip((strong, weak), before, strict=True):
        # What a model caches of itself on its first call is its own affair.
        assert {name: model.__dict__[name] for name in fields} == fields


def test_the_wrappers_of_langchain_work(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair()
    stand_in.fail_next("gpt-weak", 500)
    assert (
        llm.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
        .invoke(EASY)
        .text.startswith("[gpt-weak]")
    )
    stand_in.fail_next("gpt-weak", 500)
    fallback = llm.with_fallbacks([chat_openai(stand_in, "gpt-4o-mini")])
    assert fallback.invoke(EASY).text.startswith("[gpt-4o-mini]")
    configured = llm.with_config(configurable={"routellm_route": "strong"})
    assert configured.invoke(EASY).text.startswith("[gpt-strong]")


def test_token_counts_need_no_network(pair: Pair) -> None:
    llm = pair()
    assert 3 <= llm.get_num_tokens("one two three") <= 12
    assert HARD


def test_a_router_is_no_side_of_another_one(pair: Pair, stand_in: StandInServer) -> None:
    inner = pair()
    for weak in (inner, inner.bind(stop=["x"]), inner.with_fallbacks([chat_openai(stand_in, "gpt-weak")])):
        with pytest.raises(
            ValueError, match=r"weak is a \w+, which routes itself: .*ChatRouteLLM.from_tiers"
        ):
            pair(weak=weak)


@pytest.mark.parametrize(
    "judging", [{}, {"escalate_if": lambda message: False}, {"escalate_if": lambda message: True}]
)
@pytest.mark.parametrize("said", ["text", "tool call", "nothing"])
async def test_a_model_that_does_not_stream_may_be_streamed(
    pair: Pair, said: str, judging: dict[str, Any]
) -> None:
    call = {"name": "f", "args": {}, "id": "1"}
    answer = AIMessage("Paris" if said == "text" else "", tool_calls=[call] if said == "tool call" else [])
    models = {
        side: GenericFakeChatModel(messages=repeat(answer), disable_streaming=True)
        for side in ("strong", "weak")
    }
    llm = pair(**models, **judging)
    for chunks in (list(llm.stream("hi")), [chunk async for chunk in llm.astream("hi")]):
        assert [chunk.text for chunk in chunks] == [answer.text]
        assert chunks[0].tool_calls == answer.tool_calls
        assert "routellm" in chunks[0].response_metadata
