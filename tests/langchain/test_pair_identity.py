"""What a pair says of itself to hosts: provider, family, abilities, tokens, name, how to make it again."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.load import dumps, loads
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from langchain_routellm import ChatRouteLLM

from examples.stand_in import StandInModel, StandInServer
from tests.langchain.conftest import Pair, chat_anthropic, chat_openai
from tests.langchain.other_providers import chat_ollama
from tests.routers import KeywordRouter

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")

EASY, HARD = "What is the capital of France?", "Prove the hard theorem of Fermat."
TWO_CLAUDES = [StandInModel("claude-strong"), StandInModel("claude-weak")]


class Joke(BaseModel):
    """A joke."""

    setup: str


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


def two_claudes(pair: Pair, server: StandInServer) -> ChatRouteLLM:
    models = {side: chat_anthropic(server, f"claude-{side}") for side in ("strong", "weak")}
    return pair(**models)


def test_two_models_of_one_provider_are_that_provider(pair: Pair, stand_in: StandInServer) -> None:
    claudes = two_claudes(pair, stand_in)
    mixed = pair(weak=chat_anthropic(stand_in, "claude-weak"))
    found = [(llm._get_ls_params()["ls_provider"], llm._llm_type) for llm in (pair(), claudes, mixed)]
    assert found == [
        ("openai", "openai-chat"),
        ("anthropic", "anthropic-chat"),
        ("routellm", "chat-routellm"),
    ]


def test_summaries_begin_by_the_tokens_that_the_provider_reports(pair: Pair) -> None:
    pytest.importorskip("langchain", reason="langchain is not installed")
    from langchain.agents.middleware import SummarizationMiddleware

    used = {"input_tokens": 5_000, "output_tokens": 10, "total_tokens": 5_010}
    answer = AIMessage("Yes.", usage_metadata=used, response_metadata={"model_provider": "openai"})  # type: ignore[arg-type]
    for llm in (pair(), pair().strong):
        middleware = SummarizationMiddleware(model=llm, trigger=("tokens", 3_000), keep=("messages", 1))
        messages: list[Any] = [HumanMessage("Hello."), answer, HumanMessage("And?")]
        assert middleware._should_summarize(messages, middleware.token_counter(messages))


def test_two_claudes_are_counted_as_claude(pair: Pair, stand_in: StandInServer) -> None:
    pytest.importorskip("langchain", reason="langchain is not installed")
    from langchain.agents.middleware import SummarizationMiddleware

    claudes = two_claudes(pair, stand_in)
    messages = [HumanMessage("one two three " * 200)]
    routed, raw = (
        SummarizationMiddleware(model=llm).token_counter(messages) for llm in (claudes, claudes.weak)
    )
    assert routed == raw


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_tools_are_searched_by_the_provider(pair: Pair, stand_in: StandInServer, provider: str) -> None:
    pytest.importorskip("langchain", reason="langchain is not installed")
    from langchain.agents.middleware import ModelRequest, ProviderToolSearchMiddleware

    llm = pair() if provider == "openai" else two_claudes(pair, stand_in)
    request = ModelRequest(
        model=llm, messages=[HumanMessage(EASY)], system_message=None, tool_choice=None, tools=[weather],
        response_format=None, state={"messages": []}, runtime=None,  # type: ignore[arg-type]
    )  # fmt: skip
    prepared = ProviderToolSearchMiddleware(searchable_tools=["weather"])._prepare_request(request)
    found = llm.bind_tools(prepared.tools).kwargs["tools"]  # type: ignore[attr-defined]
    kinds = {found_tool.get("type") for found_tool in found}
    assert any("tool_search" in str(kind) for kind in kinds)


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
def test_a_supervisor_turns_parallel_calls_off(pair: Pair, stand_in: StandInServer) -> None:
    supervisor = pytest.importorskip("langgraph_supervisor", reason="langgraph-supervisor is not installed")
    from langchain.agents import create_agent

    llm = pair(weak_lacks=set())
    helper = create_agent(llm, tools=[weather], name="helper")
    app = supervisor.create_supervisor([helper], model=llm).compile()
    app.invoke({"messages": [HumanMessage(EASY)]}, {"recursion_limit": 8})
    assert stand_in.bodies("gpt-weak")[0]["parallel_tool_calls"] is False


def test_parallel_calls_are_named_to_sides_that_know_them(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(weak=chat_ollama())
    bound: Any = llm.bind_tools([weather], parallel_tool_calls=False)
    assert bound.kwargs["parallel_tool_calls"] is False
    assert bound.kwargs["tools"].runnables["strong"].kwargs["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in bound.kwargs["tools"].runnables["weak"].kwargs


@pytest.mark.parametrize("key", ["image_inputs", "audio_inputs", "video_inputs", "pdf_inputs"])
def test_media_of_one_side_are_the_pairs(pair: Pair, stand_in: StandInServer, key: str) -> None:
    def profile(strong: dict[str, Any], weak: dict[str, Any], **settings: Any) -> Any:
        models = {
            "strong": chat_openai(stand_in, "gpt-strong", profile={"tool_calling": True, **strong}),
            "weak": chat_openai(stand_in, "gpt-weak", profile={"tool_calling": False, **weak}),
        }
        return pair(**models, **settings).profile

    assert profile({key: True}, {key: False}) == {key: True, "tool_calling": False}
    assert profile({key: False}, {key: True})[key] is True
    assert profile({key: False}, {key: False})[key] is False
    assert profile({key: True}, {key: True})[key] is True
    # unknown moves no call, and so promises nothing
    assert key not in profile({key: True}, {})
    assert key not in profile({}, {key: False})
    need = {"image_inputs": "image", "audio_inputs": "audio", "video_inputs": "video", "pdf_inputs": "file"}[
        key
    ]
    assert profile({key: False}, {key: True}, weak_lacks={need})[key] is False
    assert profile({key: True}, {key: True}, weak_lacks={need})[key] is True


def test_what_a_picture_says_reaches_the_side_that_sees_it(pair: Pair, stand_in: StandInServer) -> None:
    deepagents = pytest.importorskip("deepagents", reason="deepagents is not installed")
    from deepagents.middleware.unsupported_content import UnsupportedContentMiddleware
    from langchain.agents import create_agent

    assert deepagents
    seeing = chat_openai(stand_in, "gpt-strong", profile={"image_inputs": True})
    blind = chat_openai(stand_in, "gpt-weak", profile={"image_inputs": False})
    llm = pair(strong=seeing, weak=blind)
    agent = create_agent(llm, middleware=[UnsupportedContentMiddleware()])
    picture = {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}
    agent.invoke({"messages": [HumanMessage([{"type": "text", "text": EASY}, picture])]})
    (body,) = stand_in.bodies("gpt-strong")
    assert [part["type"] for part in body["messages"][-1]["content"]] == ["text", "image_url"]


@pytest.mark.parametrize(
    ("strong", "weak", "family", "native"),
    [
        ("gpt-4o-2099", "gpt-4o-mini-2099", "gpt-4o", True),
        ("gpt-5.1-2099", "gpt-5-nano-2099", "gpt-5", True),
        ("gpt-4o-2099", "gpt-3.5-turbo-2099", "gpt", False),
        ("llama", "gpt-4o-2099", None, False),
    ],
)
def test_a_family_of_models_keeps_its_own_way_to_structure(
    pair: Pair, strong: str, weak: str, family: str | None, native: bool
) -> None:
    pytest.importorskip("langchain", reason="langchain is not installed")
    from langchain.agents import create_agent

    with StandInServer([StandInModel(strong), StandInModel(weak)]) as server:
        models = {
            "strong": chat_openai(server, strong, profile={}),
            "weak": chat_openai(server, weak, profile={}),
        }
        llm = pair(**models)
        assert llm.model_name == family
        create_agent(llm, [weather], response_format=Joke).invoke({"messages": [HumanMessage(EASY)]})
        assert ("response_format" in server.bodies(weak)[0]) == native


def test_there_is_no_family_across_providers(mixed_pair: Pair) -> None:
    assert mixed_pair().model_name is None


def test_tokens_are_counted_as_the_strong_model_counts(pair: Pair, stand_in: StandInServer) -> None:
    def by_words(text: str) -> list[int]:
        return list(range(len(text.split())))

    counting = chat_openai(stand_in, "gpt-strong", custom_get_token_ids=by_words)
    for llm in (pair(strong=counting), pair(custom_get_token_ids=by_words)):
        assert llm.get_num_tokens("one two three") == 3
        assert llm.get_num_tokens("") == 0
        assert llm.get_token_ids("one two three") == [0, 1, 2]
        assert llm.get_num_tokens_from_messages([HumanMessage("one two three")]) == 4
    assert pair().get_num_tokens("") == 0
    assert pair().get_num_tokens("one two three") <= 4


async def test_events_are_found_by_the_pairs_name(pair: Pair) -> None:
    llm = pair(name="answers")
    chain = ChatPromptTemplate.from_template("{question}") | llm
    for runnable, given in ((llm, EASY), (chain, {"question": EASY})):
        events = [event async for event in runnable.astream_events(given, include_names=["answers"])]  # type: ignore[attr-defined]
        assert {event["event"] for event in events} >= {"on_chat_model_stream", "on_chat_model_end"}
    named: Any = {"run_name": "mine"}
    events = [event async for event in llm.astream_events(EASY, named, include_names=["mine"])]
    assert events


def test_a_pair_is_made_again_from_what_dumps_says(stand_in: StandInServer, monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    models = {side: chat_openai(stand_in, f"gpt-{side}") for side in ("strong", "weak")}
    prices = {"strong": {"input": 2.0, "output": 8.0}, "weak": {"input": 0.2, "output": 0.8}}
    llm = ChatRouteLLM(
        **{**models, "weak": models["weak"].bind(stop=["x"])},
        strong_share=0.3,
        weak_lacks={"image"},
        prices=prices,
        escalate_on="parse_error",
    )
    chain = ChatPromptTemplate.from_template("{question}") | llm
    text = dumps(chain)
    assert "test-key" not in text
    again: Any = loads(
        text,
        allowed_objects=[type(chain), ChatPromptTemplate, ChatRouteLLM, ChatOpenAI, *_prompt_classes(llm)],
        valid_namespaces=["langchain_routellm"],
        secrets_from_env=True,
    )
    made = again.last
    assert made.route(EASY) == llm.route(EASY)
    assert (made.strong_share, made.prices, made.weak_lacks) == (0.3, llm.prices, {"image"})
    assert again.invoke({"question": EASY}).response_metadata["routellm"]["route"] == llm.route(EASY).route


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"router": "random", "escalate_on": ValueError},
        {"router": "random", "escalate_if": bool},
        {"router": "random", "weak": chat_ollama},
    ],
)
def test_what_can_not_be_said_is_said_so(pair: Pair, settings: dict[str, Any]) -> None:
    llm = pair(**{name: value() if value is chat_ollama else value for name, value in settings.items()})
    assert llm.to_json()["type"] == "not_implemented"


def test_a_pair_in_json(pair: Pair) -> None:
    prices = {"strong": {"input": 2.0, "output": 8.0}, "weak": {"input": 0.2, "output": 0.8}}
    llm = pair(
        escalate_on=(ValueError, "parse_error"), escalate_if=lambda message: False, prices=prices,
        prompt_extractor=lambda messages: "x",
    )  # fmt: skip
    text = llm.model_dump_json()
    assert '"router":"KeywordRouter"' in text
    assert "test-key" not in text
    assert isinstance(llm.model_dump()["router"], KeywordRouter)


def test_a_structured_chain_has_the_schema_of_its_answers(mixed_pair: Pair) -> None:
    chain = mixed_pair().with_structured_output(Joke)
    assert chain.OutputType is Joke
    assert "setup" in chain.get_output_jsonschema()["properties"]


def _prompt_classes(llm: ChatRouteLLM) -> list[Any]:
    from langchain_core.prompts import HumanMessagePromptTemplate, PromptTemplate
    from langchain_core.runnables import RunnableBinding

    return [HumanMessagePromptTemplate, PromptTemplate, RunnableBinding]
