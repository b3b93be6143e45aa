"""Three models behind one score: each question goes to the cheapest tier that its score allows.

Run it with `python -m examples.langchain_tiers`; see README.md beside it for keys.
"""

from __future__ import annotations

from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM

from examples.providers import openai_endpoint

QUESTIONS = (
    "What is the capital of Norway?",
    "Name three things to pack for a day at the sea.",
    "Write a regular expression that matches ISO dates.",
    "Compare a hash table with a balanced tree for a dictionary of a million words.",
    "Prove that the sum of two independent Poisson variables is Poisson and derive its rate.",
    "Write a haiku about autumn leaves.",
)
PRICES = {
    "mini": {"input": 0.15, "output": 0.60},
    "middle": {"input": 0.40, "output": 1.60},
    "full": {"input": 2.50, "output": 10.00},
}


def main() -> None:
    with openai_endpoint(middle="gpt-4.1-mini") as openai:
        print(f"{openai}\n")
        names = {"mini": openai.weak, "middle": openai.middle, "full": openai.strong}
        llm = ChatRouteLLM.from_tiers(
            {
                tier: ChatOpenAI(
                    model=model, base_url=openai.base_url, api_key=openai.secret, stream_usage=True
                )
                for tier, model in names.items()
            },
            shares=[0.5, 0.3, 0.2],
            prices=PRICES,
        )

        for question in QUESTIONS:
            answer = llm.invoke(question)
            record = answer.response_metadata["routellm"]
            print(f"{record['route']:7} {record['score']:.3f}  {answer.response_metadata['model_name']}")
            print(f"        {question}")

        stats = llm.routing_stats()
        print()
        for tier, counted in stats.tiers.items():
            print(f"{tier:7} {counted.calls} calls, {counted.tokens.output} tokens of output, ", end="")
            print(f"cost {counted.cost:.6f}")
        print(f"saved   {stats.saved or 0:.0%} of what full alone would have cost")


if __name__ == "__main__":
    main()
