"""Part (b): a LangChain agent that calls tools. A task stays on one model through its whole tool loop."""

from __future__ import annotations

from collections.abc import Sequence

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

from langchain_routellm import ChatRouteLLM

from examples.demo.model_call import ModelCall


@tool
def celsius_to_fahrenheit(celsius: float) -> str:
    """Convert degrees Celsius to Fahrenheit."""
    return f"{celsius * 9 / 5 + 32:g} degrees Fahrenheit"


@tool
def monthly_payment(principal: float, yearly_rate_percent: float, years: int) -> str:
    """Work out the monthly payment of a loan."""
    rate = yearly_rate_percent / 1200
    months = years * 12
    payment = principal * rate / (1 - (1 + rate) ** -months) if rate else principal / months
    return f"{payment:.2f} a month over {months} months"


def ask_agent(llm: ChatRouteLLM, tasks: Sequence[str]) -> list[ModelCall]:
    """Return the calls of all tasks: of each, one that asks for the tool and one that reads its result."""
    agent = create_agent(llm, tools=[celsius_to_fahrenheit, monthly_payment])
    calls = []
    for task in tasks:
        shown = task
        for message in agent.invoke({"messages": [HumanMessage(task)]})["messages"]:
            if isinstance(message, ToolMessage):
                shown = f"  ... and the result of {message.name}"
            elif isinstance(message, AIMessage):
                calls.append(ModelCall.from_message("agent", shown, message))
    return calls
