"""A LangGraph conversation with a checkpointer: once strong has answered, strong stays for the rest of it.

`sticky="conversation"` reads this from the history's own messages, so it needs no store of its own and works
wherever the checkpointer restores the thread. Run it with `python -m examples.langchain_graph`.
"""

from __future__ import annotations

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph

from langchain_routellm import ChatRouteLLM

from examples.providers import openai_endpoint
from examples.route_printer import RoutePrinter

TURNS = (
    ("first", "Please say hello to the team."),
    (
        "first",
        "Prove that a symmetric matrix has real eigenvalues, and derive those of "
        "[[4, 1, 2], [1, 3, 0], [2, 0, 5]].",
    ),
    ("first", "Thanks! Please write a short thank-you note to Maria."),
    ("second", "Thanks! Please write a short thank-you note to Maria."),
)


def main() -> None:
    with openai_endpoint() as openai:
        print(f"{openai}\n")
        llm = ChatRouteLLM(
            strong=ChatOpenAI(model=openai.strong, base_url=openai.base_url, api_key=openai.secret),
            weak=ChatOpenAI(model=openai.weak, base_url=openai.base_url, api_key=openai.secret),
            strong_share=0.3,
            sticky="conversation",
        )

        def answer(state: MessagesState) -> dict[str, list[BaseMessage]]:
            return {"messages": [llm.invoke(state["messages"])]}

        graph = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer")
        app = graph.compile(checkpointer=InMemorySaver())
        for thread, text in TURNS:
            print(f"[{thread} conversation] {text}")
            config: RunnableConfig = {"configurable": {"thread_id": thread}, "callbacks": [RoutePrinter()]}
            state = app.invoke({"messages": [HumanMessage(text)]}, config=config)
            print(f"  {state['messages'][-1].text}")
        print(f"\nAnswers that came from another model than the one before: {llm.routing_stats().switches}")


if __name__ == "__main__":
    main()
