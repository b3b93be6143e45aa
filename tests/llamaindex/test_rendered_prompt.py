"""Rendered prompts: a template is looked up where its module is loaded, whenever that happens."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

from llama_index.core.chat_engine import condense_question
from llama_index.core.llms.mock import MockLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.retrievers import fusion_retriever

from llamaindex_routellm import RouteLLM
from llamaindex_routellm.rendered_prompt import rendered_question


def test_a_template_is_known_once_its_module_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    text = fusion_retriever.QUERY_GEN_PROMPT.format(num_queries=3, query="What is a monad?")
    with monkeypatch.context() as patched:
        patched.delitem(sys.modules, fusion_retriever.__name__)
        assert rendered_question(text) is None

    assert rendered_question(text) == "What is a monad?"


def test_other_texts_stand_for_themselves() -> None:
    assert rendered_question("What is a monad? " * 20) is None


def test_a_condensing_prompt_that_was_rendered_first_is_scored_by_its_question() -> None:
    text = condense_question.DEFAULT_TEMPLATE.format(
        chat_history="user: What is a monad?\nassistant: A monoid.", question="Who painted Guernica in 1937?"
    )
    llm = RouteLLM(strong=MockLLM(), weak=MockLLM(), threshold=0.5)

    # As a text, and as a template without any variable.
    for prompt in (text, PromptTemplate(text)):
        assert llm.route(prompt).text == "Who painted Guernica in 1937?"
