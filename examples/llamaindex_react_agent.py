"""A LlamaIndex ReActAgent: its observations are written as the user's messages, and are never scored.

Run it with `python -m examples.llamaindex_react_agent`; see README.md beside it for keys.
"""

from __future__ import annotations

import asyncio

from llama_index.core.agent.workflow import ReActAgent
from llama_index.llms.openai import OpenAI

from llamaindex_routellm import RouteLLM

from examples.decision_printer import printed_decisions
from examples.llamaindex_function_agent import TASKS, TOOLS
from examples.providers import openai_endpoint


async def main() -> None:
    with openai_endpoint() as openai, printed_decisions():
        print(f"{openai}\n")
        llm = RouteLLM(
            strong=OpenAI(model=openai.strong, api_base=openai.base_url, api_key=openai.api_key),
            weak=OpenAI(model=openai.weak, api_base=openai.base_url, api_key=openai.api_key),
            strong_share=0.3,
        )
        for task, tool in zip(TASKS, TOOLS, strict=True):
            print(task)
            print(f"  {await ReActAgent(tools=[tool], llm=llm).run(task)}")


if __name__ == "__main__":
    asyncio.run(main())
