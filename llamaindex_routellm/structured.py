"""RoutedStructuredLLM: LlamaIndex's StructuredLLM, which passes each call's question to the router inside it.

A query engine with a structured LLM hands its template to the structured LLM, which renders it before it asks
the LLM inside. The question would be lost in the stuffed prompt, so it is kept beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llama_index.core.llms.structured_llm import StructuredLLM
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.types import TokenAsyncGen, TokenGen

from llamaindex_routellm.pair_settings import PairSettings
from llamaindex_routellm.template_question import outer_question, template_question


class RoutedStructuredLLM(StructuredLLM):
    """An LLM whose answers are objects, around a RouteLLM."""

    def predict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        """Predict an object, as JSON."""
        with outer_question(self._question(prompt, prompt_args)):
            return super().predict(prompt, **prompt_args)

    async def apredict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        """Predict an object, as JSON, async."""
        with outer_question(self._question(prompt, prompt_args)):
            return await super().apredict(prompt, **prompt_args)

    def stream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenGen:
        """Stream growing objects, as JSON."""
        question = self._question(prompt, prompt_args)
        tokens = super().stream(prompt, **prompt_args)

        def kept() -> TokenGen:
            # Upstream asks the inner LLM when its stream is first read, so the question is kept at every
            # step.
            while True:
                with outer_question(question):
                    token = next(tokens, None)
                if token is None:
                    return
                yield token

        return kept()

    async def astream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenAsyncGen:
        """Stream growing objects, as JSON, async."""
        question = self._question(prompt, prompt_args)
        tokens = await super().astream(prompt, **prompt_args)

        async def kept() -> TokenAsyncGen:
            while True:
                with outer_question(question):
                    token = await anext(tokens, None)
                if token is None:
                    return
                yield token

        return kept()

    def _question(self, prompt: BasePromptTemplate, prompt_args: Mapping[str, Any]) -> str | None:
        variables = (
            self.llm.switchboard.reading.question_variables if isinstance(self.llm, PairSettings) else ()
        )
        return template_question(prompt, prompt_args, variables)
