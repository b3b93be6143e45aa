"""Agents: the person's question decides at every step, and one model carries the whole tool loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core import Document, SummaryIndex
from llama_index.core.agent.workflow import AgentWorkflow, CodeActAgent, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import QueryEngineTool
from pydantic import BaseModel

from routellm_core import routing

from examples.stand_in import StandInModel, StandInServer
from tests.llamaindex.scored import scored_texts
from tests.routers import KeywordRouter

# Upstream's agents use what pydantic and their own workflows have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Product(BaseModel):
    """The result of a multiplication."""

    value: int


def multiply(a: float, b: float) -> str:
    """Multiply two numbers."""
    return f"{a * b:g}, which was hard to find"


EASY = "What is 6 times 7?"
HARD = "What is the hard product of 6 and 7?"


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(("question", "model"), [(EASY, "gpt-4o-mini"), (HARD, "gpt-4o")])
async def test_function_agent(
    pair: Callable[..., Any],
    router: KeywordRouter,
    stand_in: StandInServer,
    streaming: bool,
    question: str,
    model: str,
) -> None:
    agent = FunctionAgent(tools=[multiply], llm=pair(router=router), streaming=streaming)
    assert "42" in str(await agent.run(question))
    assert scored_texts(router) == [question]
    assert stand_in.calls() == {model: 2}
    assert stand_in.refused == []


async def test_function_agent_with_output_class(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    agent = FunctionAgent(tools=[multiply], llm=pair(router=router), output_cls=Product)
    result = await agent.run(EASY)
    assert Product.model_validate(result.structured_response)
    # The step that makes the object sees the conversation as one text, and its question is found there.
    assert scored_texts(router) == [EASY]
    assert stand_in.calls() == {"gpt-4o-mini": 3}


@pytest.mark.parametrize("streaming", [True, False])
async def test_react_agent_never_scores_an_observation(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, streaming: bool
) -> None:
    agent = ReActAgent(tools=[multiply], llm=pair(router=router), streaming=streaming)
    assert "42" in str(await agent.run(EASY))
    assert scored_texts(router) == [EASY]
    assert stand_in.calls() == {"gpt-4o-mini": 2}


async def test_react_agent_never_scores_its_complaints(
    openai: Callable[..., Any], pair: Callable[..., Any], router: KeywordRouter
) -> None:
    answers = ["Action: hard", "Thought: done\nAnswer: 42"]
    with StandInServer([StandInModel("gpt-4o"), StandInModel("gpt-4o-mini", answer=answers)]) as server:
        llm = pair(router=router, weak=openai("gpt-4o-mini", api_base=server.openai_url))
        await ReActAgent(tools=[multiply], llm=llm, streaming=False).run(EASY)
        assert scored_texts(router) == [EASY]
        assert server.calls() == {"gpt-4o-mini": 2}


async def test_code_agent_never_scores_its_results(
    openai: Callable[..., Any], pair: Callable[..., Any], router: KeywordRouter
) -> None:
    answers = ["<execute>\nmultiply(6, 7)\n</execute>", "It is 42."]
    with StandInServer([StandInModel("gpt-4o"), StandInModel("gpt-4o-mini", answer=answers)]) as server:
        llm = pair(router=router, weak=openai("gpt-4o-mini", api_base=server.openai_url))
        agent = CodeActAgent(
            tools=[], llm=llm, code_execute_fn=lambda code: "42, which was hard", streaming=False
        )
        assert "42" in str(await agent.run(EASY))
        assert scored_texts(router) == [EASY]
        assert server.calls() == {"gpt-4o-mini": 2}


async def test_hand_offs_stay_with_the_question(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    llm = pair(router=router)
    desk = FunctionAgent(
        name="desk",
        description="Receives everyone. Hands over.",
        system_prompt="You hand over what is hard.",
        llm=llm,
        can_handoff_to=["reckoner"],
    )
    reckoner = FunctionAgent(
        name="reckoner", description="Multiplies numbers.", tools=[multiply], llm=llm, can_handoff_to=[]
    )
    question = "handoff to the reckoner: what is 6 times 7?"
    result = await AgentWorkflow(agents=[desk, reckoner], root_agent="desk").run(question)
    assert "42" in str(result)
    assert result.current_agent_name == "reckoner"
    assert scored_texts(router) == [question]
    assert set(stand_in.calls()) == {"gpt-4o-mini"}
    assert stand_in.calls()["gpt-4o-mini"] >= 3


async def test_each_turn_scores_its_own_question(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    memory = ChatMemoryBuffer.from_defaults(token_limit=8_000)
    agent = FunctionAgent(tools=[multiply], llm=pair(router=router))
    await agent.run(HARD, memory=memory)
    await agent.run(EASY, memory=memory)
    assert scored_texts(router) == [HARD, EASY]
    assert stand_in.calls() == {"gpt-4o": 2, "gpt-4o-mini": 2}


async def test_a_query_engine_as_a_tool_scores_what_it_is_asked(
    pair: Callable[..., Any], router: KeywordRouter
) -> None:
    llm = pair(router=router)
    index = SummaryIndex.from_documents([Document(text="It is hard to see planet 2.")])
    tool = QueryEngineTool.from_defaults(
        index.as_query_engine(llm=llm), name="planets", description="Answers about planets."
    )
    await FunctionAgent(tools=[tool], llm=llm).run("Ask about planets: what is seen?")
    first, *others = scored_texts(router)
    assert first == "Ask about planets: what is seen?"
    assert all("hard" not in text for text in others)


@pytest.mark.parametrize("kind", [FunctionAgent, ReActAgent])
async def test_routing_reaches_the_model(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, kind: type
) -> None:
    agent = kind(tools=[multiply], llm=pair(router=router))
    with routing(question="something hard"):
        await agent.run(EASY)
    assert scored_texts(router) == ["something hard"]
    assert stand_in.calls() == {"gpt-4o": 2}
    with routing(route="weak"):
        await AgentWorkflow(agents=[agent]).run(HARD)
    assert stand_in.calls() == {"gpt-4o": 2, "gpt-4o-mini": 2}


async def test_agents_choose_by_what_the_router_promises(
    openai_like: Callable[..., Any], pair: Callable[..., Any], stand_in: StandInServer
) -> None:
    weak = openai_like("gpt-weak")
    for function_calling, kind in (("any", FunctionAgent), ("both", ReActAgent)):
        stand_in.reset()
        llm = pair(weak=weak, function_calling=function_calling)
        workflow = AgentWorkflow.from_tools_or_functions([multiply], llm=llm)
        assert type(next(iter(workflow.agents.values()))) is kind
        assert "42" in str(await workflow.run(EASY))
        # A function agent's steps need tools, so strong answers them; any model reads ReAct's prompts.
        assert set(stand_in.calls()) == ({"gpt-4o"} if kind is FunctionAgent else {"gpt-weak"})
        assert stand_in.refused == []


def test_a_person_may_say_observation(pair: Callable[..., Any], router: KeywordRouter) -> None:
    llm = pair(router=router)
    said = "Observation: comets are hard to explain."
    answer = ChatMessage(role="assistant", content="Thought: I wonder. What do you see?")
    llm.chat([ChatMessage("What is easy to explain?"), answer, ChatMessage(said)])
    assert scored_texts(router) == [said]


STATE = {"note": "It is hard to say."}
OWN_STATE_PROMPT = "Known by now: {state}. That was all.\nThe user says: {msg}"


@pytest.mark.parametrize("kind", [FunctionAgent, ReActAgent])
@pytest.mark.parametrize("state_prompt", [None, OWN_STATE_PROMPT, "{state}\n{msg}"])
@pytest.mark.parametrize("in_workflow", [False, True])
async def test_the_state_is_not_scored(
    pair: Callable[..., Any],
    router: KeywordRouter,
    stand_in: StandInServer,
    kind: type,
    state_prompt: str | None,
    in_workflow: bool,
) -> None:
    wrapping: dict[str, Any] = {"initial_state": dict(STATE), "state_prompt": state_prompt}
    agent = kind(tools=[multiply], llm=pair(router=router), **({} if in_workflow else wrapping))
    memory = ChatMemoryBuffer.from_defaults(token_limit=8_000)
    runner = AgentWorkflow(agents=[agent], **wrapping) if in_workflow else agent
    question = "In two lines, please.\n" + EASY
    assert "42" in str(await runner.run(question, memory=memory))
    assert scored_texts(router) == [question]
    # The state was put into the message that the memory holds.
    await runner.run(HARD, memory=memory)
    assert scored_texts(router) == [HARD]
    assert stand_in.calls() == {"gpt-4o-mini": 2, "gpt-4o": 2}
    assert "hard to say" in str(stand_in.bodies("gpt-4o-mini")[0])


def test_a_person_may_speak_of_a_state(pair: Callable[..., Any], router: KeywordRouter) -> None:
    said = "Current state:\nMaine\n\nCurrent message:\nWhat is its capital?\n"
    pair(router=router).complete(said)
    pair(router=router).chat([ChatMessage(said)])
    assert set(scored_texts(router)) == {said, said.strip()}
