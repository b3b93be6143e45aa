"""A local weak model behind an OpenAI-compatible endpoint, as vLLM, Ollama and llama.cpp offer it.

Run it with `python -m examples.llamaindex_local_weak_model`; see README.md beside it for keys. A model of
your own takes the weak side when LOCAL_BASE_URL says where it is, such as http://127.0.0.1:11434/v1 for
Ollama, and LOCAL_MODEL how it is called.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike

from llamaindex_routellm import RouteLLM

from examples.decision_printer import printed_decisions
from examples.llamaindex_function_agent import weather
from examples.providers import openai_endpoint
from examples.stand_in import StandInModel, StandInServer

PROMPTS = (
    "Say hello in French.",
    "If 4 routers score 90 prompts in 3 minutes, how many minutes do 7 routers need for 840 prompts, and how "
    "much do they cost at $18 an hour each?",
)

MODEL = "llama-3.2-3b-instruct"
WINDOW = 8_000


@contextmanager
def local_endpoint() -> Iterator[tuple[str, str]]:
    """Yield the address and the name of the local model; without one, a stand-in that takes no tools."""
    if given := os.environ.get("LOCAL_BASE_URL"):
        yield given, os.environ.get("LOCAL_MODEL", MODEL)
        return
    small = StandInModel(MODEL, context_window=WINDOW, tools=False, json_schema=False, images=False)
    with StandInServer([small]) as server:
        yield server.openai_url, MODEL


def main() -> None:
    with openai_endpoint() as openai, local_endpoint() as (address, name), printed_decisions():
        print(f"strong: {openai}\nweak: {name}\n")
        llm = RouteLLM(
            strong=OpenAI(model=openai.strong, api_base=openai.base_url, api_key=openai.api_key),
            weak=OpenAILike(
                model=name, api_base=address, api_key="none", is_chat_model=True, context_window=WINDOW
            ),
            strong_share=0.3,
            # Engines may pack prompts for the large window; what does not fit the small one goes to strong.
            context_window="strong",
        )
        for prompt in PROMPTS:
            print(prompt)
            print(f"  {llm.complete(prompt)}")
        print("A long prompt, too long for the local model:")
        llm.complete("Sum up in one word: " + "the sun is shining and the birds sing, " * 1_500)
        print("A call with tools, which the local model does not take:")
        print(
            f"  {llm.predict_and_call([FunctionTool.from_defaults(weather)], 'Look up the weather in Oslo.')}"
        )


if __name__ == "__main__":
    main()
