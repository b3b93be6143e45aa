"""Context windows: no model gets what it can't take, and packed prompts stay where the score put them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core import Document, SummaryIndex
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
)
from llama_index.core.tools import FunctionTool

from llamaindex_routellm import prompt_size
from llamaindex_routellm.prompt_size import prompt_tokens

from examples.stand_in import StandInModel, StandInServer
from tests.routers import KeywordRouter

SMALL = 8_000
CHAPTERS = [
    Document(text=" ".join(f"Planet {number} has {turn} moons and a ring." for turn in range(110)))
    for number in range(12)
]


@pytest.fixture
def unequal(openai: Callable[..., Any], openai_like: Callable[..., Any], pair: Callable[..., Any]) -> Any:
    """A strong model of 128,000 tokens beside a weak one of 8,000, on a server that holds both to it."""
    with StandInServer([StandInModel("gpt-4o"), StandInModel("gpt-weak", context_window=SMALL)]) as server:

        def make(**settings: Any) -> Any:
            strong = openai("gpt-4o", api_base=server.openai_url)
            weak = openai_like("gpt-weak", api_base=server.openai_url, context_window=SMALL)
            return pair(strong=strong, weak=weak, **settings), server

        yield make


def test_the_choice_of_window_costs_or_saves_calls(unequal: Any) -> None:
    calls = {}
    for choice, window in (("min", SMALL), ("strong", 128_000)):
        llm, server = unequal(context_window=choice)
        assert llm.metadata.context_window == window
        server.reset()
        engine = SummaryIndex.from_documents(CHAPTERS).as_query_engine(llm=llm, response_mode="compact")
        engine.query("A hard question: how many moons has planet 3?")
        assert server.refused == []
        calls[choice] = server.calls()
    # Packed for the smaller window, strong is asked several times; packed for its own, once.
    assert calls["strong"] == {"gpt-4o": 1}
    assert calls["min"]["gpt-4o"] > 1


def test_a_packed_prompt_stays_where_the_score_put_it(unequal: Any) -> None:
    llm, server = unequal()
    engine = SummaryIndex.from_documents(CHAPTERS).as_query_engine(llm=llm, response_mode="compact")
    engine.query("How many moons has planet 3?")
    assert server.refused == []
    assert set(server.calls()) == {"gpt-weak"}
    assert server.calls()["gpt-weak"] > 1
    assert set(llm.routing_stats().reasons) == {"score"}


def test_a_prompt_too_long_for_weak_goes_to_strong(unequal: Any) -> None:
    llm, server = unequal(context_window="strong")
    engine = SummaryIndex.from_documents(CHAPTERS).as_query_engine(llm=llm, response_mode="compact")
    engine.query("How many moons has planet 3?")
    assert server.refused == []
    assert server.calls() == {"gpt-4o": 1}
    assert llm.routing_stats().reasons == {"context_window": 1}


@pytest.mark.parametrize("method", ["complete", "acomplete", "chat", "achat"])
async def test_every_endpoint_guards_the_window(unequal: Any, method: str) -> None:
    from tests.llamaindex.endpoints import responses_of

    llm, server = unequal()
    (response,) = await responses_of(llm, method, "many easy words " * 3_500)
    assert response.additional_kwargs["routellm"]["reason"] == "context_window"
    (response,) = await responses_of(llm, method, "some easy words " * 1_000)
    assert response.additional_kwargs["routellm"]["route"] == "weak"
    assert server.refused == []


def test_room_for_the_answer_is_kept(openai_like: Callable[..., Any], unequal: Any) -> None:
    llm, _ = unequal()
    text = "some easy words " * 1_500  # about 4,500 tokens
    assert llm.route(text).route == "weak"
    llm.weak.max_tokens = 4_000
    assert llm.route(text).reason == "context_window"


def test_tools_count_too(openai: Callable[..., Any], openai_like: Callable[..., Any], unequal: Any) -> None:
    def tool(number: int) -> FunctionTool:
        return FunctionTool.from_defaults(lambda x: x, name=f"tool_{number}", description="It is easy. " * 60)

    llm, _ = unequal()
    llm.weak.is_function_calling_model = True
    few, many = [tool(1)], [tool(number) for number in range(60)]
    assert llm.chat_with_tools(few, "easy").additional_kwargs["routellm"]["reason"] == "score"
    assert llm.chat_with_tools(many, "easy").additional_kwargs["routellm"]["reason"] == "context_window"


def test_num_output_is_the_larger_one(openai: Callable[..., Any], pair: Callable[..., Any]) -> None:
    llm = pair(strong=openai("gpt-4o", max_tokens=900), weak=openai("gpt-4o-mini", max_tokens=300))
    assert llm.metadata.num_output == 900
    assert llm.metadata.model_name == "routellm(gpt-4o|gpt-4o-mini)"


def test_a_short_prompt_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_size, "_tokenizer", lambda: pytest.fail("counted"))
    assert prompt_tokens(["word " * 100], 1_000) is None
    assert prompt_tokens(["wörd " * 10], 1_000) is None
    assert prompt_tokens(["word"], None) is None


def test_without_a_tokenizer_a_rough_estimate_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_size, "_tokenizer", lambda: None)
    assert prompt_tokens(["word " * 800], 1_000) == 1_004

    def failing(text: str) -> list[int]:
        raise ValueError(text)

    monkeypatch.setattr(prompt_size, "_tokenizer", lambda: failing)
    assert prompt_tokens(["word " * 800], 1_000) == 1_004


def test_a_huge_prompt_is_not_tokenised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_size, "_tokenizer", lambda: pytest.fail("counted"))
    tokens = prompt_tokens(["word " * 200_000], 8_000)
    assert tokens is not None
    assert tokens > 8_000


@pytest.mark.parametrize(
    ("block", "need", "reason"),
    [
        (ImageBlock(image=b"\x89PNG\r\n\x1a\n" + b"0" * 16, image_mimetype="image/png"), "image", "vision"),
        (AudioBlock(audio=b"0" * 16, format="wav"), "audio", "unsupported"),
        (DocumentBlock(data=b"0" * 16, document_mimetype="application/pdf"), "file", "unsupported"),
    ],
)
def test_what_is_not_text_goes_to_the_model_that_takes_it(
    openai_like: Callable[..., Any], pair: Callable[..., Any], block: Any, need: str, reason: str
) -> None:
    messages = [ChatMessage(role=MessageRole.USER, blocks=[TextBlock(text="What is easy here?"), block])]
    # A completion model's chat() would drop it without a word.
    assert pair(weak=openai_like("instruct-weak", is_chat_model=False)).route(messages).reason == reason
    assert pair(weak_lacks={need}).route(messages).reason == reason
    assert pair(strong_lacks={need}).route([*messages, ChatMessage("hard")]).route == "weak"
    # Of a chat model it is not known, and what is not known moves nothing.
    assert pair().route(messages).reason == "score"


def test_models_that_cannot_describe_themselves_move_nothing(
    openai: Callable[..., Any], router: KeywordRouter
) -> None:
    from llamaindex_routellm import RouteLLM

    llm = RouteLLM(strong=openai("gpt-4o"), weak=openai("no-such-model"), router=router, threshold=0.5)
    assert llm.route("an easy one " * 100).route == "weak"
    with pytest.raises(ValueError, match="no-such-model"):
        llm.complete("an easy one")
