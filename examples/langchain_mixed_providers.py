"""Two providers behind one router: OpenAI strong, Anthropic weak; tools and history cross between them.

Run it with `python -m examples.langchain_mixed_providers`; a provider without a key is played by a stand-in.
"""

from __future__ import annotations

from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AnyMessage, HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from examples.providers import anthropic_endpoint, openai_endpoint
from examples.route_printer import RoutePrinter

TURNS = (
    "Look up the weather in Oslo, please.",
    "Plan the journey of a train that covers 180 km at 72 km/h, waits 25 minutes, then covers 96 km at 64 "
    "km/h: use the travel time tool, derive its average speed, and explain each step and what you assume.",
    "Thanks! Please write a short thank-you note to Maria.",
)


@tool
def weather(city: str) -> str:
    """Look up the weather in a city."""
    return f"Sunny and 18 degrees in {city}."


@tool
def travel_time(kilometres: float, kilometres_per_hour: float) -> str:
    """Tell the travel time of a train from distance and speed."""
    return f"{kilometres / kilometres_per_hour:.2f} hours"


def main() -> None:
    with openai_endpoint() as openai, anthropic_endpoint() as anthropic:
        print(f"strong: {openai}\nweak:   {anthropic}\n")
        llm = ChatRouteLLM(
            strong=ChatOpenAI(model=openai.strong, base_url=openai.base_url, api_key=openai.secret),
            weak=ChatAnthropic(  # type: ignore[call-arg]  # mypy knows these settings by other names
                model=anthropic.weak, base_url=anthropic.base_url, api_key=anthropic.secret, max_tokens=512
            ),
            strong_share=0.3,
        )
        agent = create_agent(llm, tools=[weather, travel_time])
        messages: list[AnyMessage] = []
        for turn in TURNS:
            print(turn)
            # The whole conversation goes along, with tool calls that the other provider made.
            state = agent.invoke(
                {"messages": [*messages, HumanMessage(turn)]}, config={"callbacks": [RoutePrinter()]}
            )
            messages = state["messages"]
            print(f"  {messages[-1].text}")


if __name__ == "__main__":
    main()
