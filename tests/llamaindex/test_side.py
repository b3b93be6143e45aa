"""Settings of every LLM, given to the router: they work as on plain OpenAI; the models stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core import Settings
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.llms.utils import resolve_llm
from llama_index.core.program import FunctionCallingProgram
from llama_index.core.prompts import PromptTemplate
from llama_index.core.types import BaseOutputParser, PydanticProgramMode

from examples.stand_in import StandInServer
from tests.llamaindex.endpoints import City

PROMPT = PromptTemplate("Say something about {topic}.")


class Shouting(BaseOutputParser):
    """Adds to the prompt, and changes the answer."""

    def parse(self, output: str) -> Any:
        return output.upper()

    def format(self, query: str) -> str:
        return f"{query} Please!"


class Limiter:
    """Counts what it lets through."""

    def __init__(self) -> None:
        self.acquired = 0

    def acquire(self) -> None:
        self.acquired += 1

    async def async_acquire(self) -> None:
        self.acquired += 1


def program_of(llm: Any) -> Any:
    return FunctionCallingProgram.from_defaults(City, llm=llm, prompt=PROMPT)


def asked(stand_in: StandInServer) -> list[Any]:
    bodies = [request.body["messages"] for request in stand_in.requests]
    stand_in.reset()
    return bodies


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "settings",
    [
        {"system_prompt": "Be kind."},
        {"output_parser": Shouting()},
        {"pydantic_program_mode": PydanticProgramMode.FUNCTION},
        {"system_prompt": "Be kind.", "output_parser": Shouting()},
    ],
)
async def test_a_setting_works_as_on_plain_openai(
    openai: Callable[..., Any],
    pair: Callable[..., Any],
    stand_in: StandInServer,
    settings: dict[str, Any],
    late: bool,
) -> None:
    results = []
    for make in (lambda **given: openai("gpt-4o-mini", **given), pair):
        llm = make() if late else make(**settings)
        if late:
            for name, value in settings.items():
                setattr(llm, name, value)
        texts = [
            llm.predict(PROMPT, topic="easy things"),
            await llm.apredict(PROMPT, topic="easy things"),
            str(llm.chat([ChatMessage("something easy")])),
            str(llm.structured_predict(City, PROMPT, topic="Rome and 12 people")),
            str(
                FunctionCallingProgram.from_defaults(City, llm=llm, prompt=PROMPT)(topic="Rome and 12 people")
            ),
        ]
        results.append((texts, asked(stand_in)))
    plain, routed = results
    assert routed == plain


@pytest.mark.parametrize("late", [False, True])
def test_prompt_functions_reach_a_completion_model(
    openai_like: Callable[..., Any], pair: Callable[..., Any], stand_in: StandInServer, late: bool
) -> None:
    settings = {
        "messages_to_prompt": lambda messages: "FROM MESSAGES " + messages[-1].content,
        "completion_to_prompt": lambda prompt: "FROM TEXT " + prompt,
        "query_wrapper_prompt": PromptTemplate("WRAPPED {query_str}"),
    }
    weak = openai_like("instruct-weak", is_chat_model=False)
    llm = pair(weak=weak) if late else pair(weak=weak, **settings)
    if late:
        for name, value in settings.items():
            setattr(llm, name, value)
    llm.chat([ChatMessage("one")])
    llm.complete("two")
    llm.predict(PROMPT, topic="three")
    prompts = [request.body["prompt"] for request in stand_in.requests]
    assert prompts[0] == "FROM MESSAGES one"
    assert prompts[1] == "FROM TEXT two"
    assert prompts[2].startswith("WRAPPED ")


@pytest.mark.parametrize("late", [False, True])
async def test_a_limiter_counts_each_call_once(pair: Callable[..., Any], late: bool) -> None:
    limiter = Limiter()
    llm = pair() if late else pair(rate_limiter=limiter)
    llm.rate_limiter = limiter
    llm.complete("an easy one")
    await llm.achat([ChatMessage("a hard one")])
    llm.predict(PROMPT, topic="easy things")
    list(llm.stream_complete("an easy one"))
    assert limiter.acquired == 4


def test_the_given_models_stay_as_they_are(openai: Callable[..., Any], pair: Callable[..., Any]) -> None:
    strong, weak = openai("gpt-4o", system_prompt="Its own."), openai("gpt-4o-mini")
    llm = pair(strong=strong, weak=weak, system_prompt="The router's.")
    llm.predict(PROMPT, topic="easy things")
    assert (strong.system_prompt, weak.system_prompt) == ("Its own.", None)
    assert (llm.strong, llm.weak) == (strong, weak)
    assert llm.strong is strong


def test_a_models_own_system_prompt_is_sent(
    openai: Callable[..., Any], pair: Callable[..., Any], stand_in: StandInServer
) -> None:
    llm = pair(weak=openai("gpt-4o-mini", system_prompt="Be brief."))
    llm.predict(PROMPT, topic="easy things")
    (messages,) = asked(stand_in)
    assert messages[0]["content"] == "Be brief."


def test_the_callback_manager_is_passed_on(openai: Callable[..., Any], pair: Callable[..., Any]) -> None:
    own = CallbackManager([LlamaDebugHandler(print_trace_on_end=False)])
    first, second = (CallbackManager([LlamaDebugHandler(print_trace_on_end=False)]) for _ in range(2))
    llm = pair(weak=openai("gpt-4o-mini", callback_manager=own))
    llm.callback_manager = first
    # A model with handlers of its own keeps them.
    assert llm.weak.callback_manager is own
    assert llm.strong.callback_manager is first
    llm.callback_manager = second
    assert llm.strong.callback_manager is second
    other = openai("gpt-4o")
    llm.strong = other
    assert other.callback_manager is second


def test_hosts_assign_it_late(pair: Callable[..., Any]) -> None:
    manager = CallbackManager([LlamaDebugHandler(print_trace_on_end=False)])
    llm = resolve_llm(pair(), callback_manager=manager)
    assert llm.weak.callback_manager is manager
    empty = pair()
    before = empty.weak.callback_manager
    empty.callback_manager = CallbackManager()
    assert empty.weak.callback_manager is before


def test_default_handlers_are_nobodys_own(openai: Callable[..., Any], pair: Callable[..., Any]) -> None:
    Settings.callback_manager = CallbackManager([LlamaDebugHandler(print_trace_on_end=False)])
    try:
        llm = pair(weak=openai("gpt-4o-mini"))
        assert llm.weak.callback_manager.handlers
        late = CallbackManager([LlamaDebugHandler(print_trace_on_end=False)])
        llm.callback_manager = late
        assert llm.weak.callback_manager is late
    finally:
        Settings._callback_manager = None
