"""A LlamaIndex chat engine with documents: each message is routed, the rewriting of follow-ups included.

Run it with `python -m examples.llamaindex_chat_engine`; see README.md beside it for keys.
"""

from __future__ import annotations

from llama_index.core.chat_engine import CondensePlusContextChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.node_parser import SentenceSplitter
from llama_index.llms.openai import OpenAI

from llamaindex_routellm import RouteLLM

from examples.decision_printer import printed_decisions
from examples.demo.project_documents import project_documents
from examples.demo.word_retriever import WordRetriever
from examples.providers import openai_endpoint

MESSAGES = (
    "What is a threshold?",
    "Derive why a threshold that keeps a strong share on past prompts may miss it on new ones, and design a "
    "way to notice that.",
    "Thanks!",
    "And what is a strong share?",
)


def main() -> None:
    with openai_endpoint() as openai, printed_decisions():
        print(f"{openai}\n")
        llm = RouteLLM(
            strong=OpenAI(model=openai.strong, api_base=openai.base_url, api_key=openai.api_key),
            weak=OpenAI(model=openai.weak, api_base=openai.base_url, api_key=openai.api_key),
            strong_share=0.3,
        )
        nodes = SentenceSplitter(chunk_size=256, chunk_overlap=20).get_nodes_from_documents(
            project_documents()
        )
        engine = CondensePlusContextChatEngine.from_defaults(
            WordRetriever(nodes), llm=llm, memory=ChatMemoryBuffer.from_defaults(token_limit=4_000)
        )
        for message in MESSAGES:
            # "Thanks!" says nothing of its own difficulty: the message before it is scored.
            print(message)
            print("  " + "".join(engine.stream_chat(message).response_gen))


if __name__ == "__main__":
    main()
