"""History between two models of one class: what is bound to a model stays with that model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock, ThinkingBlock
from llama_index.core.llms.mock import MockLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAIResponses

from llamaindex_routellm import RouteLLM
from llamaindex_routellm.history import history_for
from llamaindex_routellm.side import Side

from examples.stand_in import Answer, Prompt, StandInModel, StandInServer, ToolCall
from tests.llamaindex.provider_classes import StrictOllamaClient, anthropic_class, ollama
from tests.routers import KeywordRouter

EASY, HARD = "What is 6 times 7?", "What is the hard product of 6 and 7?"
TURNS = (HARD, EASY, HARD, EASY)
THINKING = {"type": "enabled", "budget_tokens": 1024}


def multiply(a: float, b: float) -> float:
    """Multiply two numbers."""
    return a * b


TOOLS = [FunctionTool.from_defaults(multiply)]


def thoughtful(prompt: Prompt) -> Answer:
    """Think, call the tool once a turn, and answer."""
    if prompt.called_tools:
        return Answer(f"It is 42, says {prompt.model}.", thinking="I know.")
    return Answer("Looking.", thinking="Let me see.", tool_calls=(ToolCall("multiply", {"a": 6, "b": 7}),))


MODELS = [
    StandInModel("o3", reasoning=True, answer=thoughtful),
    StandInModel("o3-mini", reasoning=True, answer=thoughtful),
    StandInModel("gpt-4o-mini", answer=thoughtful),
    StandInModel("claude-opus-5", answer=thoughtful),
    StandInModel("claude-sonnet-5", answer=thoughtful),
]


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with StandInServer(MODELS) as running:
        yield running


@pytest.fixture
def responses(server: StandInServer, clients: dict[str, Any]) -> Callable[..., Any]:
    """Make a real OpenAIResponses that speaks to the server."""

    def make(model: str, **settings: Any) -> Any:
        if model.startswith("o3"):
            settings = {"reasoning_options": {"effort": "low"}, **settings}
        given = {**clients, "api_key": "key", "api_base": server.openai_url, "max_retries": 0, "store": True}
        return OpenAIResponses(model=model, **{**given, **settings})

    return make


@pytest.fixture
def claude(server: StandInServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Make a real Anthropic that speaks to the server and thinks."""
    kind = anthropic_class(monkeypatch)
    made = []

    def make(model: str, **settings: Any) -> Any:
        given = {"api_key": "key", "base_url": server.anthropic_url, "max_retries": 0, "max_tokens": 2048}
        made.append(kind(model=model, **{**given, "thinking_dict": THINKING, **settings}))
        return made[-1]

    yield make
    for llm in made:
        llm._client.close()


def routed(strong: Any, weak: Any) -> RouteLLM:
    return RouteLLM(strong=strong, weak=weak, router=KeywordRouter("hard"), threshold=0.5)


def converse(llm: Any, *questions: str, streaming: bool = False) -> list[ChatMessage]:
    """Let it answer and call the tool, a turn a question; return the history, saved and read again."""
    history: list[ChatMessage] = []
    for question in questions:
        history.append(ChatMessage(question))
        for _ in range(2):
            before = copy.deepcopy(history)
            if streaming:
                *_, response = llm.stream_chat_with_tools(TOOLS, chat_history=history)
            else:
                response = llm.chat_with_tools(TOOLS, chat_history=history)
            assert history == before
            history.append(response.message)
            for call in llm.get_tool_calls_from_response(response, error_on_no_tool_call=False):
                kwargs = {"tool_call_id": call.tool_id}
                history.append(ChatMessage(role=MessageRole.TOOL, content="42", additional_kwargs=kwargs))
        history = [ChatMessage.model_validate_json(message.model_dump_json()) for message in history]
    return history


def errors(server: StandInServer) -> list[str]:
    return [request.error for request in server.refused]


@pytest.mark.parametrize("streaming", [False, True])
def test_thinking_stays_with_its_claude(
    server: StandInServer, claude: Callable[..., Any], streaming: bool
) -> None:
    converse(routed(claude("claude-opus-5"), claude("claude-sonnet-5")), *TURNS, streaming=streaming)
    assert errors(server) == []
    for model in ("claude-opus-5", "claude-sonnet-5"):
        *_, last = server.bodies(model)
        assert str(last["messages"]).count("'type': 'thinking'") == 3
        assert "routellm" not in str(last)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("weak", ["gpt-4o-mini", "o3-mini"])
def test_reasoning_stays_with_its_model(
    server: StandInServer, responses: Callable[..., Any], weak: str, streaming: bool
) -> None:
    converse(routed(responses("o3"), responses(weak)), *TURNS, streaming=streaming)
    assert errors(server) == []
    kinds = [item.get("type") for item in server.bodies("o3")[-1]["input"]]
    # LlamaIndex's class itself leaves reasoning out of what it streams.
    assert kinds.count("reasoning") == (0 if streaming else 3)


def test_two_accounts_do_not_share_reasoning(server: StandInServer, responses: Callable[..., Any]) -> None:
    converse(routed(responses("o3"), responses("o3", api_key="another")), *TURNS)
    assert errors(server) == []


def test_one_model_set_in_two_ways_shares_its_reasoning(
    server: StandInServer, responses: Callable[..., Any]
) -> None:
    converse(routed(responses("o3"), responses("o3", max_output_tokens=500)), HARD, EASY)
    assert errors(server) == []
    kinds = [item.get("type") for item in server.bodies("o3")[-1]["input"]]
    assert kinds.count("reasoning") == 3


@pytest.mark.parametrize("streaming", [False, True])
def test_claude_and_responses(
    server: StandInServer, claude: Callable[..., Any], responses: Callable[..., Any], streaming: bool
) -> None:
    converse(routed(claude("claude-opus-5"), responses("o3")), *TURNS, streaming=streaming)
    assert errors(server) == []
    assert "'type': 'thinking'" in str(server.bodies("claude-opus-5")[-1]["messages"])
    assert ("reasoning" in str(server.bodies("o3")[-1]["input"])) is not streaming


def test_reasoning_never_reaches_ollama(server: StandInServer, responses: Callable[..., Any]) -> None:
    client = StrictOllamaClient()
    converse(routed(responses("o3"), ollama(client)), HARD, EASY)
    assert errors(server) == []
    assert all(message["thinking"] is None for message in client.requests[-1])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_an_agent_with_a_memory_goes_on_with_either(
    server: StandInServer, responses: Callable[..., Any]
) -> None:
    agent = FunctionAgent(tools=TOOLS, llm=routed(responses("o3"), responses("gpt-4o-mini")))
    memory = ChatMemoryBuffer.from_defaults(llm=MockLLM())
    for question in TURNS:
        await agent.run(question, memory=memory)
    assert errors(server) == []
    assert set(server.calls()) == {"o3", "gpt-4o-mini"}


def test_unmarked_thinking_of_one_class_is_nobodys(server: StandInServer, claude: Callable[..., Any]) -> None:
    alone = claude("claude-opus-5")
    history = converse(alone, HARD)
    routed(alone, claude("claude-sonnet-5")).chat([*history, ChatMessage(EASY)])
    assert errors(server) == []


def test_a_side_that_got_another_model_forgets_the_old_ones_thinking(
    server: StandInServer, claude: Callable[..., Any]
) -> None:
    history = converse(routed(claude("claude-opus-5"), MockLLM()), HARD)
    routed(claude("claude-sonnet-5"), MockLLM()).chat([*history, ChatMessage(HARD)])
    assert errors(server) == []


def test_a_loop_that_moves_to_a_claude_with_thinking_goes_on(
    server: StandInServer, claude: Callable[..., Any], openai: Callable[..., Any]
) -> None:
    weak = openai("gpt-4o-mini", api_base=server.openai_url)
    response = weak.chat_with_tools(TOOLS, chat_history=[ChatMessage(HARD)])
    (call,) = weak.get_tool_calls_from_response(response)
    kwargs = {"tool_call_id": call.tool_id}
    result = ChatMessage(role=MessageRole.TOOL, content="42", additional_kwargs=kwargs)
    llm = routed(claude("claude-opus-5"), weak)
    llm.chat_with_tools(TOOLS, chat_history=[ChatMessage(HARD), response.message, result])
    assert errors(server) == []
    said = str(server.bodies("claude-opus-5")[-1]["messages"])
    assert "I call multiply with" in said
    assert "multiply returned:" in said


def test_calls_in_a_providers_own_form_go_with_their_reasoning(responses: Callable[..., Any]) -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "multiply", "arguments": "{}"}
    thought = ThinkingBlock(content="Hm.", additional_information={"id": "rs_1"})
    message = ChatMessage(
        role=MessageRole.ASSISTANT, blocks=[thought], additional_kwargs={"tool_calls": [call]}
    )
    (taken,) = history_for([message], Side("weak", responses("o3-mini")), Side("strong", responses("o3")))
    (block,) = taken.blocks
    assert (block.tool_call_id, block.tool_name) == ("call_1", "multiply")  # type: ignore[union-attr]
    assert taken.additional_kwargs == {}
    assert message.additional_kwargs == {"tool_calls": [call]}


def test_a_turn_of_thinking_alone_is_dropped(claude: Callable[..., Any]) -> None:
    mark = {"route": "strong", "model": "claude-opus-5"}
    thought = ThinkingBlock(content="Hm.", additional_information={"signature": "s", "routellm": mark})
    history = [
        ChatMessage("Hello."),
        ChatMessage(role=MessageRole.ASSISTANT, blocks=[thought]),
        ChatMessage("And now?"),
    ]
    strong, weak = Side("strong", claude("claude-opus-5")), Side("weak", claude("claude-sonnet-5"))
    assert [message.content for message in history_for(history, weak, strong)] == ["Hello.", "And now?"]
    kept = history_for(history, strong, weak)[1].blocks[0]
    assert kept == ThinkingBlock(content="Hm.", additional_information={"signature": "s"})


def test_text_alone_is_passed_on_as_it_is(claude: Callable[..., Any]) -> None:
    history = [ChatMessage("Hello."), ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text="Hi.")])]
    history.append(ChatMessage("Bye."))
    strong, weak = Side("strong", claude("claude-opus-5")), Side("weak", claude("claude-sonnet-5"))
    assert history_for(history, weak, strong) is history
