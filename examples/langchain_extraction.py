"""Structured extraction in LangChain: each side answers in its provider's own way to a schema.

Run it with `python -m examples.langchain_extraction`; see README.md beside it for keys.
"""

from __future__ import annotations

from typing import Any

from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

from langchain_routellm import ChatRouteLLM

from examples.providers import openai_endpoint
from examples.route_printer import RoutePrinter

TEXTS = (
    'Dear team, please bring 2 cups of "green tea" to Maria. Thank you so much!',
    'Please design and justify a plan for 4 boxes of "black tea": compare packing by hand with a machine, '
    "and explain the risks of each.",
)


class Order(BaseModel):
    """An order for tea."""

    item: str = Field(description="What is ordered.")
    quantity: int = Field(description="How many of it.")


def main() -> None:
    with openai_endpoint() as openai:
        print(f"{openai}\n")
        llm = ChatRouteLLM(
            strong=ChatOpenAI(model=openai.strong, base_url=openai.base_url, api_key=openai.secret),
            weak=ChatOpenAI(model=openai.weak, base_url=openai.base_url, api_key=openai.secret),
            strong_share=0.3,
        )
        extract = llm.with_structured_output(Order)
        for text in TEXTS:
            print(text)
            print(f"  {extract.invoke(text, config={'callbacks': [RoutePrinter()]})!r}")

        found: Any = llm.with_structured_output(Order, include_raw=True).invoke(TEXTS[0])
        print("\nWith include_raw=True the raw message carries the routing record:")
        print(f"  {found['raw'].response_metadata['routellm']}")


if __name__ == "__main__":
    main()
