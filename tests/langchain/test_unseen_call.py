"""`escalate_if=Disagreement(...)`: both cheap models are asked at once, strong where they differ."""

from __future__ import annotations

import copy
import functools
import json
import operator
import pickle
from pathlib import Path
from typing import Any, cast

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

from langchain_routellm import ChatRouteLLM
from langchain_routellm.serialized_pair import described
from routellm_core import Disagreement

from tests.langchain.conftest import chat_openai
from tests.langchain.operated import trio
from tests.pair_operation import rows_of
from tests.routers import KeywordRouter
from tests.two_opinions import (
    CHECKER,
    CHECKER_PRICE,
    OTHER,
    PRICES,
    SAME,
    STRONG,
    STRONGS,
    WEAK,
    WEAKS,
    three_models,
)

WAYS = ["invoke", "ainvoke", "stream", "astream", "batch", "v3"]


async def answered(llm: Any, how: str, config: Any = None) -> AIMessage:
    if how == "invoke":
        return cast(AIMessage, llm.invoke("How much?", config))
    if how == "ainvoke":
        return cast(AIMessage, await llm.ainvoke("How much?", config))
    if how == "batch":
        return cast(AIMessage, llm.batch(["How much?"], config)[0])
    if how == "v3":
        return cast(AIMessage, llm.stream_events("How much?", config, version="v3").output)
    chunks = (
        list(llm.stream("How much?", config))
        if how == "stream"
        else [chunk async for chunk in llm.astream("How much?", config)]
    )
    return cast(AIMessage, functools.reduce(operator.add, chunks))


@pytest.mark.parametrize("how", WAYS)
async def test_where_both_come_to_the_same_weak_answers(how: str) -> None:
    with three_models(SAME) as server:
        message = await answered(trio(server), how)
        assert message.text == WEAKS
        assert server.calls() == {WEAK: 1, CHECKER: 1}


@pytest.mark.parametrize("how", WAYS)
async def test_where_they_differ_strong_answers_and_nothing_else_is_shown(how: str) -> None:
    with three_models(OTHER) as server:
        message = await answered(trio(server), how)
        assert message.text == STRONGS
        assert message.response_metadata["routellm"]["reason"] == "escalated"
        assert server.calls() == {WEAK: 1, CHECKER: 1, STRONG: 1}


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
async def test_both_are_asked_at_once(how: str) -> None:
    with three_models(SAME, latency=0.2) as server:
        await answered(trio(server), how)
        assert server.in_flight.peak == 2


async def test_the_checkers_cost_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    with three_models(OTHER) as server:
        llm = trio(server, {"price": CHECKER_PRICE}, prices=PRICES, decision_log=path)
        message = await answered(llm, "invoke")
        (row,) = rows_of(llm, path)
        tokens = row["tokens"]["weak"]["input"]
        cost = pytest.approx(tokens * (1 + 0.01 + 0.001))
        assert row["tokens"]["checker"]["input"] == tokens > 0
        assert (row["agreed"], row["error"]) == (False, "disagreement")
        assert message.response_metadata["routellm"]["cost"] == cost
        stats = llm.routing_stats()
        assert stats.checker.calls == 1
        assert stats.checker.cost == pytest.approx(tokens * 0.001)
        assert stats.cost == cost
        without = trio(server, prices=PRICES)
        await answered(without, "invoke")
        assert without.routing_stats().checker.cost == pytest.approx(tokens * 0.01)


async def test_a_checker_that_fails_leaves_weaks_answer(caplog: pytest.LogCaptureFixture) -> None:
    with three_models(OTHER) as server:
        server.fail_next(CHECKER, 500)
        assert (await answered(trio(server), "invoke")).text == WEAKS
        server.fail_next(CHECKER, 500)
        assert (await answered(trio(server), "astream")).text == WEAKS
    assert caplog.text.count("the checker of escalate_if failed with ") == 2


async def test_what_counts_as_the_same_is_the_users_to_say() -> None:
    asked: list[tuple[str, str]] = []

    def same(one: str, other: str) -> bool:
        asked.append((one, other))
        return True

    with three_models(OTHER) as server:
        assert (await answered(trio(server, {"same": same}), "invoke")).text == WEAKS
    assert asked == [(WEAKS, OTHER)]


class Tokens(BaseCallbackHandler):
    def __init__(self) -> None:
        self.text = ""

    def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
        self.text += token


async def test_nobody_sees_the_checkers_tokens_but_tracers_its_run() -> None:
    tokens, runs = Tokens(), RunCollectorCallbackHandler()
    with three_models(SAME) as server:
        llm = trio(server, streaming=True)
        await answered(llm, "ainvoke", {"callbacks": [tokens, runs]})
        events = [event async for event in llm.astream_events("How much?", version="v2")]
    assert tokens.text == WEAKS
    assert WEAKS in repr(events)
    assert SAME not in repr(events)
    roles = [run.metadata.get("routellm_role") for run in runs.traced_runs]
    assert sorted(roles, key=str) == [None, "checker"]


async def test_calls_that_are_not_for_weak_ask_no_checker() -> None:
    with three_models(OTHER) as server:
        llm = trio(server)
        llm.invoke("a hard question")
        trio(server, mode="shadow").invoke("How much?")
        assert CHECKER not in server.calls()


async def test_without_money_for_strong_no_checker_is_asked() -> None:
    with three_models(OTHER) as server:
        llm = trio(server, prices=PRICES, budget={"strong": 0.0, "per": "day"})
        assert (await answered(llm, "invoke")).text == WEAKS
        assert server.calls() == {WEAK: 1}


def test_what_is_no_rule_is_refused() -> None:
    model = FakeListChatModel(responses=["a"])
    pair = {"strong": model, "weak": model.model_copy(), "router": KeywordRouter("hard"), "threshold": 0.5}
    with pytest.raises(ValueError, match="checker is str, expected a chat model"):
        ChatRouteLLM(**pair, escalate_if=Disagreement("openai:gpt-4o-mini"))
    with pytest.raises(ValueError, match="same is 7, expected a plain function of two answers"):
        Disagreement(model, same=7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"prices\['checker'\] is {'input': 1}"):
        Disagreement(model, price={"input": 1})


def test_a_rule_is_said_in_json_without_its_models_key() -> None:
    with three_models(SAME) as server:
        llm = trio(server, {"price": CHECKER_PRICE})
        dumped = llm.model_dump_json()
    assert json.loads(dumped)["escalate_if"] == {
        "checker": described(chat_openai(server, CHECKER)),
        "same": "same_answer",
        "price": {"input": 1e3, "output": 0.0, "cached_input": None},
        "timeout": 30.0,
    }
    assert "test-key" not in dumped + repr(llm)


def test_a_rule_survives_pickle_and_copies() -> None:
    strong, weak, checker = (FakeListChatModel(responses=[text]) for text in ("strong", "42", "41"))
    llm = ChatRouteLLM(
        strong=strong,
        weak=weak,
        router=KeywordRouter("hard"),
        threshold=0.5,
        escalate_if=Disagreement(checker),
    )
    for one in (llm, pickle.loads(pickle.dumps(llm)), copy.deepcopy(llm), llm.model_copy()):
        assert one.invoke("How much?").text == "strong"
