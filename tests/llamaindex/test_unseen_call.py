"""`escalate_if=Disagreement(...)`: both cheap models are asked at once, strong where they differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.mock import MockLLM
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from llamaindex_routellm import RouteLLM
from routellm_core import Disagreement

from tests.llamaindex.endpoints import ENDPOINTS
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

METHODS = [*ENDPOINTS, "predict", "apredict", "stream", "astream"]

Trio = Callable[..., RouteLLM]


async def answered(llm: Any, method: str) -> str:
    given: Any = [ChatMessage("How much?")] if "chat" in method else "How much?"
    if method in ("predict", "apredict", "stream", "astream"):
        given = PromptTemplate(given)
    result = getattr(llm, method)(given)
    if method.startswith("a"):
        result = await result
    if "stream" in method:
        parts = [part async for part in result] if method.startswith("a") else list(result)
        result = "".join(parts) if isinstance(parts[-1], str) else parts[-1]
    if isinstance(result, ChatResponse):
        return result.message.content or ""
    return result.text if isinstance(result, CompletionResponse) else str(result)


@pytest.mark.parametrize("method", METHODS)
async def test_where_both_come_to_the_same_weak_answers(trio: Trio, method: str) -> None:
    with three_models(SAME) as server:
        assert await answered(trio(server), method) == WEAKS
        assert server.calls() == {WEAK: 1, CHECKER: 1}


@pytest.mark.parametrize("method", METHODS)
async def test_where_they_differ_strong_answers_and_nothing_else_is_shown(trio: Trio, method: str) -> None:
    with three_models(OTHER) as server:
        assert await answered(trio(server), method) == STRONGS
        assert server.calls() == {WEAK: 1, CHECKER: 1, STRONG: 1}


@pytest.mark.parametrize("method", ["chat", "acomplete", "predict"])
async def test_both_are_asked_at_once(trio: Trio, method: str) -> None:
    with three_models(SAME, latency=0.2) as server:
        await answered(trio(server), method)
        assert server.in_flight.peak == 2


async def test_the_checkers_cost_is_counted(trio: Trio, tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    with three_models(OTHER) as server:
        llm = trio(server, {"price": CHECKER_PRICE}, prices=PRICES, decision_log=path)
        record = llm.complete("How much?").additional_kwargs["routellm"]
        (row,) = rows_of(llm, path)
        tokens = row["tokens"]["weak"]["input"]
        assert row["tokens"]["checker"]["input"] == tokens > 0
        assert (row["agreed"], row["error"]) == (False, "disagreement")
        assert record["cost"] == llm.routing_stats().cost == pytest.approx(tokens * (1 + 0.01 + 0.001))


async def test_a_checker_that_fails_leaves_weaks_answer(trio: Trio, caplog: pytest.LogCaptureFixture) -> None:
    with three_models(OTHER) as server:
        for method in ("complete", "achat"):
            server.fail_next(CHECKER, 400)
            assert await answered(trio(server), method) == WEAKS
    assert caplog.text.count("the checker of escalate_if failed with BadRequestError") == 2


def test_calls_that_are_not_for_weak_ask_no_checker(trio: Trio) -> None:
    with three_models(OTHER) as server:
        llm = trio(server)
        llm.complete("a hard question")
        trio(server, mode="shadow").complete("How much?")
        assert CHECKER not in server.calls()


class Mood(BaseModel):
    """The mood of a text."""

    label: str


class Feeling(MockLLM):
    """Gives one object, by its `max_tokens`."""

    def structured_predict(self, *args: Any, **kwargs: Any) -> Any:
        return Mood(label=str(self.max_tokens))


@pytest.mark.parametrize(("checkers", "expected"), [(1, "1"), (2, "3")])
def test_objects_are_the_same_where_they_are_equal(checkers: int, expected: str) -> None:
    llm = RouteLLM(
        strong=Feeling(max_tokens=3),
        weak=Feeling(max_tokens=1),
        router=KeywordRouter("hard"),
        threshold=0.5,
        escalate_if=Disagreement(Feeling(max_tokens=checkers)),
    )
    found = llm.structured_predict(Mood, PromptTemplate("What is the mood of this?"))
    assert found == Mood(label=expected)


def test_what_is_no_rule_is_refused() -> None:
    pair = {"strong": MockLLM(), "weak": MockLLM(), "router": KeywordRouter("hard"), "threshold": 0.5}
    with pytest.raises(ValueError, match="checker is str, expected an LLM of LlamaIndex"):
        RouteLLM(**pair, escalate_if=Disagreement("gpt-4o-mini"))
    llm = RouteLLM(**pair)
    with pytest.raises(ValueError, match="checker is int, expected an LLM of LlamaIndex"):
        llm.escalate_if = Disagreement(7)
