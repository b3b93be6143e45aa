"""A LangChain chain, prompt | model | parser: the model is a routed pair, and nothing else changes.

Run it with `python -m examples.langchain_chain`; see README.md beside it for keys.
"""

from __future__ import annotations

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from examples.providers import openai_endpoint
from examples.route_printer import RoutePrinter

QUESTIONS = (
    "What is the capital of Norway?",
    "A train leaves at 9:40 and covers 180 km at 72 km/h, waits 25 minutes, then covers 96 km at 64 km/h. "
    "When does it arrive, and what is its average speed?",
    "Write a haiku about autumn leaves.",
)


def main() -> None:
    with openai_endpoint() as openai:
        print(f"{openai}\n")
        llm = ChatRouteLLM(
            # ChatOpenAI with a base_url counts the tokens of streams only where it is told to.
            strong=ChatOpenAI(
                model=openai.strong, base_url=openai.base_url, api_key=openai.secret, stream_usage=True
            ),
            weak=ChatOpenAI(
                model=openai.weak, base_url=openai.base_url, api_key=openai.secret, stream_usage=True
            ),
            strong_share=0.3,
            prices={"strong": {"input": 2.50, "output": 10.00}, "weak": {"input": 0.15, "output": 0.60}},
        )
        prompt = ChatPromptTemplate.from_messages(
            [("system", "Answer in one sentence."), ("human", "{question}")]
        )
        chain = prompt | llm | StrOutputParser()

        for question in QUESTIONS:
            print(question)
            print(f"  {chain.invoke({'question': question}, config={'callbacks': [RoutePrinter()]})}")

        print("\nStreamed, and for this one call strong whatever the score says:")
        config: RunnableConfig = {
            "callbacks": [RoutePrinter()],
            "configurable": {"routellm_route": "strong"},
        }
        print("".join(chain.stream({"question": "Say hello."}, config=config)))

        message = (prompt | llm).invoke({"question": "What is 2+2?"})
        print(f"\nEach answer carries its routing record: {message.response_metadata['routellm']}")

        stats = llm.routing_stats()
        saved = f"{stats.saved or 0:.0%} of the cost saved"
        print(f"{stats.requests} calls, {stats.strong.calls} to strong, {saved}.")


if __name__ == "__main__":
    main()
