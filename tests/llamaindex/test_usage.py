"""Statistics: calls, tokens and costs by route, whatever form the provider reports them in."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from llamaindex_routellm.usage import usage_of
from routellm_core.routing.drift import ShareDriftWarning
from routellm_core.routing.prices import TokenUsage

from examples.stand_in import StandInServer
from tests.llamaindex.provider_classes import StrictOllamaClient, ollama

PRICES = {"strong": {"input": 10.0, "output": 20.0}, "weak": {"input": 1.0, "output": 2.0}}


@pytest.mark.parametrize(
    ("raw", "additional", "expected"),
    [
        (None, {"prompt_tokens": 5, "completion_tokens": 3}, TokenUsage(5, 3)),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 3}}, {}, TokenUsage(5, 3)),
        (
            SimpleNamespace(
                usage=SimpleNamespace(
                    prompt_tokens=9,
                    completion_tokens=3,
                    prompt_tokens_details=SimpleNamespace(cached_tokens=4),
                )
            ),
            {"prompt_tokens": 9, "completion_tokens": 3},
            TokenUsage(9, 3, 4),
        ),
        (
            SimpleNamespace(
                usage=SimpleNamespace(
                    prompt_tokens=9, completion_tokens=3, prompt_tokens_details={"cached_tokens": 4}
                )
            ),
            {},
            TokenUsage(9, 3, 4),
        ),
        (
            SimpleNamespace(
                usage=SimpleNamespace(prompt_tokens=9, completion_tokens=3, prompt_tokens_details=None)
            ),
            {},
            TokenUsage(9, 3),
        ),
        # one that a provider left out, and one that is no number
        ({"usage": {"prompt_tokens": None, "completion_tokens": True}}, {}, TokenUsage()),
        (SimpleNamespace(usage=SimpleNamespace(prompt_tokens=9)), {}, TokenUsage(9)),
        (
            {"usage": {"input_tokens": 5, "output_tokens": 3, "cache_read_input_tokens": 7}},
            {},
            TokenUsage(12, 3, 7),
        ),
        (
            {"usage": {"input_tokens": 9, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 4}}},
            {},
            TokenUsage(9, 3, 4),
        ),
        # the last event of a Responses stream
        (
            SimpleNamespace(type="response.completed"),
            {"usage": SimpleNamespace(input_tokens=9, output_tokens=3, input_tokens_details=None)},
            TokenUsage(9, 3),
        ),
        ({"usage": None}, {}, TokenUsage()),
        ("text", {}, TokenUsage()),
    ],
)
def test_usage_in_every_form(raw: Any, additional: dict[str, Any], expected: TokenUsage) -> None:
    response = ChatResponse(message=ChatMessage("hi"), raw=raw, additional_kwargs=additional)
    assert usage_of(response) == expected
    assert usage_of("a text") == TokenUsage()


def test_statistics(pair: Callable[..., Any], stand_in: StandInServer) -> None:
    llm = pair(prices=PRICES)
    llm.complete("an easy one")
    llm.complete("a hard one")
    list(llm.stream_complete("a streamed one"))
    stats = llm.routing_stats()
    assert (stats.requests, stats.strong.calls, stats.weak.calls) == (3, 1, 2)
    assert stats.strong.cost is not None
    assert stats.always_strong_cost is not None
    assert stats.cost is not None
    assert 0 < stats.cost < stats.always_strong_cost
    assert stats.weak.without_tokens == 0
    assert 0 < stats.saved < 1
    assert json.loads(json.dumps(stats.to_dict()))["weak"]["tokens"]["output"] > 0
    llm.reset_routing_stats()
    assert llm.routing_stats().requests == 0


def test_what_is_saved_is_not_known_where_a_stream_tells_no_tokens(
    openai: Callable[..., Any], pair: Callable[..., Any]
) -> None:
    weak = openai("gpt-4o-mini", additional_kwargs={"stream_options": {"include_usage": False}})
    llm = pair(prices=PRICES, weak=weak)
    llm.complete("a hard one")
    list(llm.stream_complete("a streamed one"))
    assert llm.routing_stats().weak.without_tokens == 1
    assert llm.routing_stats().saved is None


def test_what_is_saved_is_known_where_every_answer_tells_its_tokens(pair: Callable[..., Any]) -> None:
    llm = pair(prices=PRICES)
    llm.complete("an easy one")
    llm.complete("a hard one")
    assert 0 < llm.routing_stats().saved < 1
    assert llm.routing_stats(reset=True).requests == 2
    assert llm.routing_stats().requests == 0


def test_ollamas_counts(pair: Callable[..., Any]) -> None:
    llm = pair(weak=ollama(StrictOllamaClient()))
    llm.chat([ChatMessage("an easy one")])
    assert llm.routing_stats().weak.tokens == TokenUsage(7, 5)


def test_another_models_tokens_inside_a_tool_are_not_the_routers(
    openai: Callable[..., Any], pair: Callable[..., Any]
) -> None:
    from llama_index.core.tools import FunctionTool

    other = openai("gpt-4o")

    def multiply(a: float, b: float) -> str:
        """Multiply two numbers."""
        return str(other.complete("Another question, that is rather long as well."))

    llm, plain = pair(), openai("gpt-4o-mini")
    llm.predict_and_call([FunctionTool.from_defaults(multiply)], "What is 6 times 7?")
    response = plain.chat_with_tools([FunctionTool.from_defaults(multiply)], "What is 6 times 7?")
    assert llm.routing_stats().weak.tokens == usage_of(response)


def test_a_far_off_share_warns_once(pair: Callable[..., Any], router: Any) -> None:
    import numpy as np
    from llama_index.core.llms.mock import MockLLM

    router.score_quantiles = np.linspace(0, 1, 101)
    llm = pair(strong=MockLLM(), weak=MockLLM(), router=router, strong_share=0.5, share_window=None)

    def ask_often() -> None:
        for number in range(201):
            llm.complete(f"easy {number}")

    with pytest.warns(ShareDriftWarning, match="routellm calibrate"):
        ask_often()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        llm.complete("easy again")
