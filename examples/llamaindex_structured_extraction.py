"""Structured extraction with LlamaIndex: each side in its own way, and strong again where weak fails the schema.

Run it with `python -m examples.llamaindex_structured_extraction`; see README.md beside it for keys.
"""

from __future__ import annotations

from llama_index.core.prompts import PromptTemplate
from llama_index.llms.openai import OpenAI
from pydantic import BaseModel, Field

from examples.decision_printer import printed_decisions
from examples.providers import openai_endpoint
from llamaindex_routellm import RouteLLM

LETTERS = (
    "Please send 2 boxes of green tea.",
    "If 3 crates hold 12 boxes each and a quarter of the boxes is broken, work out step by step how many boxes of "
    "black tea must be sent so that 40 whole ones arrive, and send 4 crates in any case.",
)


class Order(BaseModel):
    """An order of tea."""

    item: str = Field(description="The tea that is ordered.")
    quantity: int = Field(description="How many boxes or crates of it.")


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
