"""A LangChain agent with tools: each task is routed once, and its whole tool loop stays on that model.

Run it with `python -m examples.langchain_agent`; see README.md beside it for keys.
"""

from __future__ import annotations

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from examples.providers import openai_endpoint
from examples.route_printer import RoutePrinter

TASKS = (
    "Look up the weather in Oslo, please.",
    "Design the schedule of a building site where 3 workers build 2 walls in 5 days: use the work plan tool "
    "to derive how many days 7 workers need for 9 walls, and explain how delays change the schedule.",
)


@tool
def weather(city: str) -> str:
    """Look up the weather in a city."""
    return f"Sunny and 18 degrees in {city}."


@tool
def work_plan(workers: int, walls: int, days: int, new_workers: int, new_walls: int) -> str:
    """Tell how many days new workers need for new walls, from a known team's pace of walls in days."""
    needed = days * workers / walls * new_walls / new_workers
    return f"{new_workers} workers need {needed:.2f} days for {new_walls} walls."


def main() -> None:
    with openai_endpoint() as openai:
        print(f"{openai}\n")
        llm = ChatRouteLLM(
            strong=ChatOpenAI(model=openai.strong, base_url=openai.base_url, api_key=openai.secret),
            weak=ChatOpenAI(model=openai.weak, base_url=openai.base_url, api_key=openai.secret),
            strong_share=0.3,
        )
        agent = create_agent(llm, tools=[weather, work_plan])
        for task in TASKS:
            print(task)
            state = agent.invoke({"messages": [HumanMessage(task)]}, config={"callbacks": [RoutePrinter()]})
            print(f"  {state['messages'][-1].text}")


if __name__ == "__main__":
    main()
