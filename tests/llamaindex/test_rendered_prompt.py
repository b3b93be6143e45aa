"""Rendered prompts: a template is looked up where its module is loaded, whenever that happens."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

from llama_index.core.retrievers import fusion_retriever

from llamaindex_routellm.rendered_prompt import rendered_question


def test_a_template_is_known_once_its_module_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    text = fusion_retriever.QUERY_GEN_PROMPT.format(num_queries=3, query="What is a monad?")
    with monkeypatch.context() as patched:
        patched.delitem(sys.modules, fusion_retriever.__name__)
        assert rendered_question(text) is None

    assert rendered_question(text) == "What is a monad?"


def test_other_texts_stand_for_themselves() -> None:
    assert rendered_question("What is a monad? " * 20) is None
