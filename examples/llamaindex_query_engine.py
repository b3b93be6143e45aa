"""A LlamaIndex query engine over files: the question is scored, not the passages stuffed around it.

Run it with `python -m examples.llamaindex_query_engine`; see README.md beside it for keys.
"""

from __future__ import annotations

from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import ResponseMode
from llama_index.llms.openai import OpenAI

from llamaindex_routellm import RouteLLM
from routellm_core import routing

from examples.decision_printer import printed_decisions
from examples.demo.project_documents import project_documents
from examples.demo.word_retriever import WordRetriever
from examples.providers import openai_endpoint

QUESTIONS = (
    "What is a threshold?",
    "Derive why a threshold that keeps a strong share on past prompts may miss it on new ones, and design a "
    "way to notice that.",
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
        # A VectorStoreIndex serves as well; this retriever needs no embeddings.
        engine = RetrieverQueryEngine.from_args(
            WordRetriever(nodes), llm=llm, response_mode=ResponseMode.REFINE
        )
        for question in QUESTIONS:
            print(question)
            print(f"  {engine.query(question)}")
        print("The first one again, with the question for the router given from outside:")
        with routing(question=QUESTIONS[1]):
            engine.query(QUESTIONS[0])


if __name__ == "__main__":
    main()
