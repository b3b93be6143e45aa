"""A LlamaIndex FunctionAgent with tools: each task is routed once, and its tool loop stays on that model.

Run it with `python -m examples.llamaindex_function_agent`; see README.md beside it for keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.llms.openai import OpenAI

from llamaindex_routellm import RouteLLM

from examples.decision_printer import printed_decisions
from examples.providers import openai_endpoint

TASKS = (
    "Look up the weather in Oslo, please.",
    "Design the schedule of a building site where 3 workers build 2 walls in 5 days: use the work plan tool "
    "to derive how many days 7 workers need for 9 walls, and explain how delays change the schedule.",
)


def weather(city: str) -> str:
    """Look up the weather in a city."""
    return f"Sunny and 18 degrees in {city}."


def work_plan(workers: int, walls: int, days: int, new_workers: int, new_walls: int) -> str:
    """Tell how many days new workers need for new walls, from a known team's pace of walls in days."""
    needed = days * workers / walls * new_walls / new_workers
    return f"{new_workers} workers need {needed:.2f} days for {new_walls} walls."


TOOLS: tuple[Callable[..., str], ...] = (weather, work_plan)


async def main() -> None:
    with openai_endpoint() as openai, printed_decisions():
        print(f"{openai}\n")
        llm = RouteLLM(
            strong=OpenAI(model=openai.strong, api_base=openai.base_url, api_key=openai.api_key),
            weak=OpenAI(model=openai.weak, api_base=openai.base_url, api_key=openai.api_key),
            strong_share=0.3,
        )
        agent = FunctionAgent(tools=[*TOOLS], llm=llm)
        for task in TASKS:
            print(task)
            print(f"  {await agent.run(task)}")


if __name__ == "__main__":
    asyncio.run(main())
