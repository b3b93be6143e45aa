"""History between two models of one provider: what is bound to a model stays with that model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("langchain", reason="langchain is not installed")
pytest.importorskip("langgraph", reason="langgraph is not installed")

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from examples.stand_in import Answer, Prompt, StandInModel, StandInServer, ToolCall
from tests.langchain.conftest import Pair, chat_anthropic, chat_openai

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

EASY, HARD = "Use the weather tool for Oslo.", "A hard one: use the weather tool for Oslo."
SEARCH = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "Oslo"}}


@tool
def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


def thoughtful(prompt: Prompt) -> Answer:
    """Think, search, call the tool once a turn, and answer."""
    blocks = () if prompt.model.startswith("claude") else (SEARCH,)
    if prompt.called_tools:
        return Answer(f"Sunny, says {prompt.model}.", thinking="I know.", blocks=blocks)
    call = ToolCall("weather", {"city": "Oslo"})
    return Answer("Looking.", thinking="Let me see.", tool_calls=(call,), blocks=blocks)


MODELS = [
    StandInModel("o-strong", reasoning=True, answer=thoughtful),
    StandInModel("o-weak", reasoning=True, answer=thoughtful),
    StandInModel("gpt-weak"),
    StandInModel("claude-strong", answer=thoughtful),
    StandInModel("claude-weak", answer=thoughtful),
]


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with StandInServer(MODELS) as running:
        yield running


def converse(llm: Any, *questions: str, stream: bool = False) -> list[Any]:
    """Let an agent with a checkpointer answer, a turn a question; return its messages."""
    agent = create_agent(llm, [weather], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    for question in questions:
        given: Any = {"messages": [HumanMessage(question)]}
        if stream:
            list(agent.stream(given, config, stream_mode="messages"))
        else:
            agent.invoke(given, config)
    return agent.get_state(config).values["messages"]  # type: ignore[no-any-return]


def routes(messages: list[Any]) -> list[str]:
    return [each.response_metadata["routellm"]["route"] for each in messages if isinstance(each, AIMessage)]


TURNS = (HARD, EASY, HARD, EASY)
ROUTES = ["strong"] * 2 + ["weak"] * 2 + ["strong"] * 2 + ["weak"] * 2


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("version", ["v0", "responses/v1", "v1"])
@pytest.mark.parametrize("weak", ["gpt-weak", "o-weak"])
def test_reasoning_stays_with_its_model(
    pair: Pair, server: StandInServer, version: str, stream: bool, weak: str
) -> None:
    settings = {"use_responses_api": True, "output_version": version}
    llm = pair(strong=chat_openai(server, "o-strong", **settings), weak=chat_openai(server, weak, **settings))
    messages = converse(llm, *TURNS, stream=stream)
    assert [request.error for request in server.refused] == []
    assert routes(messages) == ROUTES
    # Its own items come back as they were, in a later turn too.
    kinds = [item["type"] for item in server.bodies("o-strong")[-1]["input"]]
    assert (kinds.count("reasoning"), kinds.count("web_search_call")) == (3, 3)
    assert "Sunny, says" in str(server.bodies(weak)[-1]["input"])
    if weak == "gpt-weak":
        sent = [item["type"] for body in server.bodies(weak) for item in body["input"]]
        assert "reasoning" not in sent


@pytest.mark.parametrize("version", ["v0", "responses/v1", "v1"])
def test_one_side_by_chat_the_other_by_responses(pair: Pair, server: StandInServer, version: str) -> None:
    strong = chat_openai(server, "o-strong", use_responses_api=True, output_version=version)
    messages = converse(pair(strong=strong, weak=chat_openai(server, "gpt-weak")), *TURNS)
    assert [request.error for request in server.refused] == []
    assert routes(messages) == ROUTES


@pytest.mark.parametrize("version", ["v0", "responses/v1", "v1"])
def test_responses_and_claude(pair: Pair, server: StandInServer, version: str) -> None:
    strong = chat_openai(server, "o-strong", use_responses_api=True, output_version=version)
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
    weak = chat_anthropic(server, "claude-weak", output_version="v1" if version == "v1" else "v0", **thinking)
    messages = converse(pair(strong=strong, weak=weak), *TURNS)
    assert [request.error for request in server.refused] == []
    assert routes(messages) == ROUTES
    assert "signature" in str(server.bodies("claude-weak")[-1])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("version", ["v0", "v1"])
def test_thinking_stays_with_its_claude(
    pair: Pair, server: StandInServer, version: str, stream: bool
) -> None:
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
    settings = {**thinking, "output_version": version}
    llm = pair(
        strong=chat_anthropic(server, "claude-strong", **settings),
        weak=chat_anthropic(server, "claude-weak", **settings),
    )
    messages = converse(llm, *TURNS, stream=stream)
    assert [request.error for request in server.refused] == []
    assert routes(messages) == ROUTES
    thoughts = [
        block["type"] == "thinking"
        for message in server.bodies("claude-weak")[-1]["messages"]
        if message["role"] == "assistant" and isinstance(message["content"], list)
        for block in message["content"][:1]
    ]
    assert thoughts == [False, False, True, True, False, False, True]


def test_previous_response_is_the_sides_own(pair: Pair, server: StandInServer) -> None:
    settings = {"use_responses_api": True, "use_previous_response_id": True}
    llm = pair(
        strong=chat_openai(server, "o-strong", **settings), weak=chat_openai(server, "gpt-weak", **settings)
    )
    converse(llm, *TURNS)
    assert [request.error for request in server.refused] == []
    first, _, later, _ = server.bodies("o-strong")
    assert "previous_response_id" not in first
    # What weak said since is given along with strong's own response.
    assert later["previous_response_id"].startswith("resp_")
    assert "Sunny, says gpt-weak" in str(later["input"]) or "The result is" in str(later["input"])
    assert "Sunny, says o-strong" not in str(later["input"])


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("weak", ["o-weak", "o-strong"])
def test_two_accounts_do_not_share_items(pair: Pair, server: StandInServer, kept: bool, weak: str) -> None:
    settings: dict[str, Any] = {"use_responses_api": True}
    if not kept:
        settings |= {"store": False, "include": ["reasoning.encrypted_content"]}
    llm = pair(
        strong=chat_openai(server, "o-strong", **settings),
        weak=chat_openai(server, weak, api_key="another-key", **settings),
    )
    converse(llm, *TURNS)
    assert [request.error for request in server.refused] == []


def test_one_model_set_in_two_ways_shares_all(pair: Pair, server: StandInServer) -> None:
    llm = pair(
        strong=chat_openai(server, "o-strong", use_responses_api=True, reasoning={"effort": "high"}),
        weak=chat_openai(server, "o-strong", use_responses_api=True, reasoning={"effort": "low"}),
    )
    converse(llm, HARD, EASY)
    assert [request.error for request in server.refused] == []
    kinds = [item["type"] for item in server.bodies("o-strong")[-1]["input"]]
    assert kinds.count("reasoning") == 3


def test_a_side_that_got_another_model_forgets_the_old_ones_items(pair: Pair, server: StandInServer) -> None:
    settings = {"use_responses_api": True}
    before = pair(strong=chat_openai(server, "o-strong", **settings))
    messages = converse(before, HARD)
    after = pair(strong=chat_openai(server, "gpt-weak", **settings))
    after.invoke([*messages, HumanMessage(HARD)])
    assert [request.error for request in server.refused] == []


def test_answers_of_before_the_pair_are_told_by_their_model(pair: Pair, server: StandInServer) -> None:
    settings = {"use_responses_api": True}
    strong, weak = chat_openai(server, "o-strong", **settings), chat_openai(server, "gpt-weak", **settings)
    alone = converse(strong, HARD)
    pair(strong=strong, weak=weak).invoke([*alone, HumanMessage("An easy one.")])
    pair(strong=strong, weak=weak).invoke([*alone, HumanMessage("A hard one.")])
    assert [request.error for request in server.refused] == []
    assert "reasoning" in [item["type"] for item in server.bodies("o-strong")[-1]["input"]]
