"""Templates: which variable is the question, which are documents, and how a user says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
pytest.importorskip("llama_index.llms.openai", reason="llama-index-llms-openai is not installed")

from llama_index.core import PromptTemplate
from llama_index.core.program import LLMTextCompletionProgram
from pydantic import BaseModel

from examples.stand_in import StandInServer
from tests.llamaindex.scored import scored_texts
from tests.routers import KeywordRouter

LETTER = "A hard letter to read."


class Fact(BaseModel):
    """A hard fact."""

    planet: str


@pytest.mark.parametrize("variable", ["text", "context", "document", "chunk"])
def test_documents_are_housekeeping(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, variable: str
) -> None:
    llm = pair(router=router)
    template = PromptTemplate(f"Translate this: {{{variable}}}")
    assert llm.predict(template, **{variable: LETTER})
    assert llm.structured_predict(Fact, template, **{variable: LETTER})
    decision = llm.route(template, **{variable: LETTER})
    assert (decision.route, decision.reason) == ("weak", "housekeeping")
    assert scored_texts(router) == []
    assert stand_in.calls() == {"gpt-4o-mini": 2}


@pytest.mark.parametrize("variable", ["text", "letter"])
def test_a_user_says_which_variable_is_the_question(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer, variable: str
) -> None:
    llm = pair(router=router, question_variables=[variable])
    template = PromptTemplate(f"Translate this {{context}}: {{{variable}}}")
    assert llm.predict(template, context="letter", **{variable: LETTER})
    assert llm.as_structured_llm(Fact).predict(template, context="letter", **{variable: LETTER})
    assert scored_texts(router) == [LETTER]
    assert set(stand_in.calls()) == {"gpt-4o"}
    assert llm.predict(PromptTemplate("{context_str} {query_str}"), context_str="hard", query_str="Why?")
    assert scored_texts(router) == ["Why?"]


def test_question_variables_are_checked(pair: Callable[..., Any]) -> None:
    for wrong in ("text", [1]):
        with pytest.raises(ValueError, match=r"^question_variables is .*, expected names of template"):
            pair(question_variables=wrong)
    llm = pair()
    with pytest.raises(ValueError, match=r"^question_variables is 'text'"):
        llm.question_variables = "text"
    assert llm.route(PromptTemplate("{text}"), text=LETTER).reason == "housekeeping"
    llm.question_variables = ("text",)
    assert llm.route(PromptTemplate("{text}"), text=LETTER).route == "strong"


def test_any_name_of_a_variable_can_be_previewed(pair: Callable[..., Any]) -> None:
    template = PromptTemplate("Answer this: {input} {prompt_args}")
    assert pair().route(template, input=LETTER, prompt_args="").route == "strong"


def test_the_schema_of_a_program_is_not_scored(
    pair: Callable[..., Any], router: KeywordRouter, stand_in: StandInServer
) -> None:
    program = LLMTextCompletionProgram.from_defaults(
        output_cls=Fact, prompt_template_str="Tell a fact about {planet}.", llm=pair(router=router)
    )
    assert isinstance(program(planet="Mars"), Fact)
    assert scored_texts(router) == ["Tell a fact about Mars."]
    assert stand_in.calls() == {"gpt-4o-mini": 1}
    assert "A hard fact." in str(stand_in.bodies("gpt-4o-mini"))
