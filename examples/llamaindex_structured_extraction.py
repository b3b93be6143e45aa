"""Structured extraction with LlamaIndex: each side in its own way; strong, where weak fails the schema.

Run it with `python -m examples.llamaindex_structured_extraction`; see README.md beside it for keys.
"""

from __future__ import annotations

from llama_index.core.prompts import PromptTemplate
from llama_index.llms.openai import OpenAI
from pydantic import BaseModel, Field

from llamaindex_routellm import RouteLLM

from examples.decision_printer import printed_decisions
from examples.providers import openai_endpoint

LETTERS = (
    'Dear team, please bring 2 cups of "green tea" to Maria. Thank you so much!',
    'Please design and justify a plan for 4 boxes of "black tea": compare packing by hand with a machine, '
    "and explain the risks of each.",
)


class Order(BaseModel):
    """An order of tea."""

    item: str = Field(description="The tea that is ordered.")
    quantity: int = Field(description="How many cups or boxes of it.")


def main() -> None:
    with openai_endpoint() as openai, printed_decisions():
        print(f"{openai}\n")
        llm = RouteLLM(
            strong=OpenAI(model=openai.strong, api_base=openai.base_url, api_key=openai.api_key),
            weak=OpenAI(model=openai.weak, api_base=openai.base_url, api_key=openai.api_key),
            strong_share=0.3,
            escalate_on="parse_error",
        )
        prompt = PromptTemplate("{letter}")
        for letter in LETTERS:
            print(letter)
            print(f"  {llm.structured_predict(Order, prompt, letter=letter)!r}")
        print("The same through as_structured_llm, as engines and agents use it:")
        print(f"  {llm.as_structured_llm(Order).complete(LETTERS[0]).raw!r}")


if __name__ == "__main__":
    main()
