"""What is scored and which gates open, told from the messages alone."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from routellm_core import RouterError, RouterWarning, routing

from examples.stand_in import StandInServer
from tests.langchain.conftest import Pair, chat_openai
from tests.routers import FailingRouter

QUESTION = "Please explain the hard parts of monads."
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
CALL = {"name": "f", "args": {}, "id": "call_1"}


def answered(route: str = "weak", **record: Any) -> AIMessage:
    return AIMessage(
        "An answer.", response_metadata={"routellm": {"route": route, "reason": "score", **record}}
    )


@pytest.mark.parametrize(
    ("messages", "scored"),
    [
        ([SystemMessage("Be hard."), HumanMessage(QUESTION)], QUESTION),
        (
            [
                HumanMessage(QUESTION),
                AIMessage("", tool_calls=[CALL]),
                ToolMessage("42", tool_call_id="call_1"),
            ],
            QUESTION,
        ),
        ([HumanMessage("Hello there, my dear friend."), AIMessage("Hi"), HumanMessage(QUESTION)], QUESTION),
        ([HumanMessage(QUESTION), AIMessage("Well"), HumanMessage("continue")], QUESTION),
        ([HumanMessage("yes")], "yes"),
        ([HumanMessage(f"<system-reminder>Be hard\non tests.</system-reminder>{QUESTION}")], QUESTION),
        ([HumanMessage(QUESTION), HumanMessage("<system-reminder>only this</system-reminder>")], QUESTION),
        (
            [HumanMessage(f"{QUESTION}<system-reminder>a</system-reminder><system-reminder>b")],
            f"{QUESTION}<system-reminder>b",
        ),
        (
            [
                HumanMessage(QUESTION),
                HumanMessage(
                    "A summary of all that was said.", additional_kwargs={"lc_source": "summarization"}
                ),
            ],
            QUESTION,
        ),
        ([HumanMessage([{"type": "text", "text": QUESTION}, IMAGE])], QUESTION),
        (
            [
                HumanMessage(
                    [
                        {"type": "tool_result", "content": "x", "tool_use_id": "a"},
                        {"type": "text", "text": QUESTION},
                    ]
                )
            ],
            QUESTION,
        ),
        ([HumanMessage(["Please explain", "monads again."])], "Please explain\nmonads again."),
        ([HumanMessage([{"type": "input_text", "text": QUESTION}])], QUESTION),
        ([HumanMessage([{"text": QUESTION}])], QUESTION),
        ([HumanMessage([{"type": "text-plain", "text": QUESTION, "mime_type": "text/plain"}])], QUESTION),
        ([HumanMessage([{"type": "text-plain", "text": "A file."}, {"text": QUESTION}])], QUESTION),
        (
            [HumanMessage([{"type": "input_text", "text": "Explain"}, {"text": "it,"}, "please."])],
            "Explain\nit,\nplease.",
        ),
        ([HumanMessage.model_construct(content=None), HumanMessage(QUESTION)], QUESTION),
        (
            [HumanMessage(f"Context:\nPassages, all of them hard.\n\nQuestion: {QUESTION}\nAnswer:")],
            QUESTION,
        ),
        ([ChatMessage(QUESTION, role="user")], QUESTION),
    ],
)
def test_the_newest_real_human_text_is_scored(pair: Pair, messages: list[Any], scored: str) -> None:
    llm = pair()
    llm.route(messages)
    assert llm.router.batches == [[scored]]


@pytest.mark.parametrize(
    "messages",
    [
        [SystemMessage("Be brief.")],
        [HumanMessage("")],
        [HumanMessage([IMAGE])],
        [HumanMessage(" \n ")],
        [HumanMessage.model_construct(content=None)],
    ],
)
def test_without_human_text_there_is_a_route_for_it(pair: Pair, messages: list[Any]) -> None:
    assert (pair().route(messages).route, pair().route(messages).reason) == ("strong", "no_text")
    assert pair(no_text_route="weak").route(messages).route == "weak"


def test_an_extractor_tells_the_question_of_a_stuffed_prompt(pair: Pair, stand_in: StandInServer) -> None:
    llm = pair(prompt_extractor=lambda messages: messages[-1].text.split("Question: ")[1])
    stuffed = ChatPromptTemplate.from_template("Context: {context}\nQuestion: {question}")
    context = RunnableLambda(lambda question: "a hard and long context")
    chain = {"context": context, "question": RunnablePassthrough()} | stuffed | llm
    assert chain.invoke("What is in it?").response_metadata["routellm"]["route"] == "weak"
    assert llm.router.batches == [["What is in it?"]]
    assert llm.route("Context: a hard one\nQuestion: What is easy?").route == "weak"


async def test_routing_tells_the_question_in_every_flow(pair: Pair) -> None:
    llm = pair()
    stuffed = ChatPromptTemplate.from_template("Something hard, and then {question}") | llm
    with routing(question="What is in it?"):
        routes = [
            stuffed.invoke({"question": "q"}),
            await stuffed.ainvoke({"question": "q"}),
            *stuffed.batch([{"question": "q"}, {"question": "r"}]),
            next(stuffed.stream({"question": "q"})),
            await anext(stuffed.astream({"question": "q"})),
        ]
    assert {answer.response_metadata["routellm"]["route"] for answer in routes} == {"weak"}
    assert llm.router.batches == [["What is in it?"]]
    assert stuffed.invoke({"question": "q"}).response_metadata["routellm"]["route"] == "strong"


def test_an_escalated_tool_loop_stays_where_it_went(pair: Pair) -> None:
    call = answered("strong", reason="escalated").model_copy(update={"tool_calls": [CALL]})
    loop = [HumanMessage("An easy question, really."), call, ToolMessage("42", tool_call_id="call_1")]
    assert (pair().route(loop).route, pair().route(loop).reason) == ("strong", "sticky")
    closed = [*loop, answered("strong"), HumanMessage("Another easy question, please.")]
    assert (pair().route(closed).route, pair().route(closed).reason) == ("weak", "score")


@pytest.mark.parametrize("side", ["strong", "weak"])
@pytest.mark.parametrize("turn", [None, QUESTION, "An easy question, really."])
def test_an_open_loop_keeps_its_side_whatever_becomes_of_its_human_turn(
    pair: Pair, side: str, turn: str | None
) -> None:
    call = AIMessage("", tool_calls=[CALL], response_metadata=answered(side).response_metadata)
    summary = HumanMessage("What was said.", additional_kwargs={"lc_source": "summarization"})
    before = summary if turn is None else HumanMessage(turn)
    loop = [before, call, ToolMessage("42", tool_call_id="call_1")]
    assert pair().route(loop).route == side
    # the loop is over: the next turn is free
    assert pair().route([*loop, answered(side), HumanMessage(QUESTION)]).route == "strong"
    # and so is a call that says otherwise itself
    assert pair().route(loop, {"configurable": {"routellm_route": "weak"}}).route == "weak"
    if turn is not None:
        assert pair().route(loop, {"configurable": {"routellm_threshold": 0.0}}).route == "strong"


def test_the_side_that_scores_a_loop_as_before_says_so(pair: Pair) -> None:
    call = AIMessage("", tool_calls=[CALL], response_metadata=answered("strong").response_metadata)
    found = pair().route([HumanMessage(QUESTION), call, ToolMessage("42", tool_call_id="call_1")])
    assert (found.route, found.reason, found.score) == ("strong", "score", 0.9)


@pytest.mark.parametrize("extractor", [lambda messages: 1 / 0, lambda messages: 7])
async def test_an_extractor_that_fails_is_a_router_that_fails(pair: Pair, extractor: Any) -> None:
    with pytest.warns(RouterWarning):
        record = pair(prompt_extractor=extractor).invoke(QUESTION).response_metadata["routellm"]
    assert (record["route"], record["reason"]) == ("strong", "router_error")
    llm = pair(prompt_extractor=extractor, on_router_error="weak")
    with pytest.warns(RouterWarning) as caught:
        answers = [await llm.ainvoke(QUESTION), *llm.batch([QUESTION, QUESTION])]
    assert {answer.response_metadata["routellm"]["route"] for answer in answers} == {"weak"}
    assert len(caught) == 3
    with pytest.raises(RouterError):
        pair(prompt_extractor=extractor, on_router_error="raise").invoke(QUESTION)
    # nobody needs it where the question is given
    asked: Any = {"configurable": {"routellm_question": "an easy one"}}
    assert llm.route(QUESTION, asked).reason == "score"
    with routing(question="an easy one"):
        assert llm.route(QUESTION).reason == "score"


def test_conversations_are_sticky_only_when_asked(pair: Pair) -> None:
    history = [HumanMessage(QUESTION), answered("strong"), HumanMessage("An easy question, please.")]
    assert pair().route(history).reason == "score"
    assert (
        pair(sticky="conversation").route(history).route,
        pair(sticky="conversation").route(history).reason,
    ) == (
        "strong",
        "sticky",
    )
    weak_before = [HumanMessage("An easy one, please."), answered("weak"), HumanMessage(QUESTION)]
    assert pair(sticky="conversation").route(weak_before).reason == "score"


def test_switches_are_counted_per_conversation(pair: Pair) -> None:
    llm = pair()
    llm.invoke([HumanMessage(QUESTION), answered("weak"), HumanMessage(QUESTION)])
    llm.invoke([HumanMessage(QUESTION), answered("strong"), HumanMessage(QUESTION)])
    llm.invoke([HumanMessage(QUESTION)])
    assert llm.routing_stats().switches == 1


@pytest.mark.parametrize(
    ("block", "profile", "reason"),
    [
        (IMAGE, {"image_inputs": False}, "vision"),
        ({"type": "image", "base64": "aGk=", "mime_type": "image/png"}, {"image_inputs": False}, "vision"),
        ({"type": "input_audio", "input_audio": {}}, {"audio_inputs": False}, "unsupported"),
        ({"image": {"format": "png", "source": {}}}, {"image_inputs": False}, "vision"),
        ({"document": {"format": "pdf", "source": {}}}, {"pdf_inputs": False}, "unsupported"),
        ({"type": "media", "mime_type": "video/mp4", "data": ""}, {"video_inputs": False}, "unsupported"),
        (
            {"type": "file", "base64": "aGk=", "mime_type": "application/pdf"},
            {"pdf_inputs": False},
            "unsupported",
        ),
    ],
)
def test_modalities_go_to_the_side_that_has_them(
    pair: Pair, stand_in: StandInServer, block: Any, profile: Any, reason: str
) -> None:
    easy, hard = (
        HumanMessage([{"type": "text", "text": f"An {kind} question about it."}, block])
        for kind in ("easy", "hard")
    )
    lacking, unknown = (
        chat_openai(stand_in, "gpt-weak", profile=profile),
        chat_openai(stand_in, "gpt-4o", profile={}),
    )
    found = pair(weak=lacking, strong=unknown).route([easy])
    assert (found.route, found.reason) == ("strong", reason)
    found = pair(strong=lacking, weak=unknown).route([hard])
    assert (found.route, found.reason) == ("weak", reason)
    assert pair(weak=unknown.model_copy(), strong=unknown).route([easy]).reason == "score"
    assert pair(weak=lacking.model_copy(), strong=lacking).route([easy]).reason == "score"


def test_a_long_prompt_goes_where_it_fits(pair: Pair, stand_in: StandInServer) -> None:
    weak = chat_openai(stand_in, "gpt-weak", profile={"max_input_tokens": 1_000})
    llm = pair(weak=weak)
    found = llm.route("easy words " * 1_000)
    assert (found.route, found.reason) == ("strong", "context_window")
    # English prose of about 950 tokens: packed to the window, and not beyond it.
    assert llm.route("an easy sentence of plain words " * 140).reason == "score"


def test_a_router_that_fails_does_not_fail_the_call(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    llm = pair(router=FailingRouter())
    with pytest.warns(RouterWarning, match="RuntimeError") as caught:
        record = llm.invoke(QUESTION).response_metadata["routellm"]
    assert (record["route"], record["reason"], record["score"]) == ("strong", "router_error", None)
    assert "sk-" not in str(caught[0].message) + caplog.text
    with pytest.warns(RouterWarning):
        assert pair(router=FailingRouter(), on_router_error="weak").route(QUESTION).route == "weak"
    with pytest.raises(RouterError):
        pair(router=FailingRouter(), on_router_error="raise").invoke(QUESTION)
    assert llm.batch([QUESTION])[0].response_metadata["routellm"]["reason"] == "router_error"


def test_a_forced_route_runs_no_scorer_and_beats_every_gate(pair: Pair) -> None:
    llm = pair(weak_lacks={"image"})
    found = llm.route(
        [HumanMessage([{"type": "text", "text": QUESTION}, IMAGE])],
        {"configurable": {"routellm_route": "weak"}},
    )
    assert (found.route, found.reason, found.score) == ("weak", "forced", None)
    assert llm.router.batches == []
