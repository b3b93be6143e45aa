"""The template methods of an LLM: predict and structured_predict, each whole and streamed, sync and async.

They are delegated whole, not built on chat(): here the question still stands apart from the documents, and
the chosen model's own way to structured output applies.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

from llama_index.core.llms.structured_llm import StructuredLLM
from llama_index.core.prompts import BasePromptTemplate, PromptTemplate
from llama_index.core.types import TokenAsyncGen, TokenGen
from pydantic import BaseModel

from llamaindex_routellm.pair_settings import PairSettings
from llamaindex_routellm.routed_call import StructuredCall, TemplateCall
from llamaindex_routellm.structured import RoutedStructuredLLM


class PromptEndpoints(PairSettings):
    """Predict, and predict an object."""

    def predict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        """Predict with the chosen model."""
        return self.switchboard.answer(_template("predict", prompt, prompt_args))

    async def apredict(self, prompt: BasePromptTemplate, **prompt_args: Any) -> str:
        """Predict with the chosen model, async."""
        return await self.switchboard.aanswer(_template("apredict", prompt, prompt_args))

    def stream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenGen:
        """Stream a prediction of the chosen model."""
        return self.switchboard.stream(_template("stream", prompt, prompt_args))

    async def astream(self, prompt: BasePromptTemplate, **prompt_args: Any) -> TokenAsyncGen:
        """Stream a prediction of the chosen model, async."""
        return await self.switchboard.astream(_template("astream", prompt, prompt_args))

    def structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Any:
        """Predict an object with the chosen model, in that model's own way."""
        return self.switchboard.answer(
            _structured("structured_predict", output_cls, prompt, llm_kwargs, prompt_args)
        )

    async def astructured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Any:
        """Predict an object with the chosen model, async."""
        call = _structured("astructured_predict", output_cls, prompt, llm_kwargs, prompt_args)
        return await self.switchboard.aanswer(call)

    def stream_structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Any, None, None]:
        """Stream growing objects of the chosen model."""
        call = _structured("stream_structured_predict", output_cls, prompt, llm_kwargs, prompt_args)
        return self.switchboard.stream(call)

    async def astream_structured_predict(
        self,
        output_cls: type[BaseModel],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Any, None]:
        """Stream growing objects of the chosen model, async."""
        call = _structured("astream_structured_predict", output_cls, prompt, llm_kwargs, prompt_args)
        return await self.switchboard.astream(call)

    def as_structured_llm(self, output_cls: type[BaseModel], **kwargs: Any) -> StructuredLLM:
        """Return an LLM whose answers are objects, routed by the question of each call."""
        return RoutedStructuredLLM(llm=self, output_cls=output_cls, **kwargs)


def _template(method: str, prompt: BasePromptTemplate, prompt_args: dict[str, Any]) -> TemplateCall[str]:
    return TemplateCall(method, prompt, prompt_args, returns_response=False)


def _structured(
    method: str,
    output_cls: type[BaseModel],
    prompt: PromptTemplate,
    llm_kwargs: dict[str, Any] | None,
    prompt_args: dict[str, Any],
) -> StructuredCall:
    return StructuredCall(
        method, prompt, prompt_args, output_cls, llm_kwargs, returns_response=False, parses=True
    )
