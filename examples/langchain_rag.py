"""Retrieval in LangChain: `routing(question=...)` scores the question, not the passages stuffed around it.

Run it with `python -m examples.langchain_rag`; see README.md beside it for keys.
"""

from __future__ import annotations

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from langchain_routellm import ChatRouteLLM
from routellm_core import routing

from examples.providers import openai_endpoint
from examples.route_printer import RoutePrinter

PASSAGES = (
    "The clock museum opens at 10:00 from Tuesday to Sunday and closes at 17:30.",
    "A ticket costs $12 for adults and $7 for children. Groups of 10 or more people pay 15% less.",
    "A guided tour takes 50 minutes, starts at 11:00 and 15:00, and costs $45 per group on top.",
    "The oldest clock of the museum was made in 1532. Its bell still rings at noon.",
)

QUESTIONS = (
    "Tell me about the bell of the oldest clock.",
    "Compare the ways in which 9 adults and 14 children can buy tickets and a guided tour, derive what each "
    "costs after the 15% discount, and justify which one they should take.",
)

TEMPLATE = "Answer from the context only.\n\nContext:\n{context}\n\nQuestion: {question}"


def _joined(documents: list[Document]) -> str:
    return "\n".join(document.page_content for document in documents)


def main() -> None:
    with openai_endpoint() as openai:
        print(f"{openai}\n")
        llm = ChatRouteLLM(
            strong=ChatOpenAI(model=openai.strong, base_url=openai.base_url, api_key=openai.secret),
            weak=ChatOpenAI(model=openai.weak, base_url=openai.base_url, api_key=openai.secret),
            strong_share=0.3,
        )
        embeddings = OpenAIEmbeddings(
            model="text-embedding-3-small",
            base_url=openai.base_url,
            api_key=openai.secret,
            # Short passages need no counting, and the tokenizer would be downloaded for it.
            check_embedding_ctx_length=False,
        )
        store = InMemoryVectorStore.from_texts(list(PASSAGES), embeddings)
        retriever = store.as_retriever(search_kwargs={"k": 2})
        chain = (
            {"context": retriever | _joined, "question": RunnablePassthrough()}
            | ChatPromptTemplate.from_template(TEMPLATE)
            | llm
            | StrOutputParser()
        )
        for question in QUESTIONS:
            print(question)
            with routing(question=question):
                print(f"  {chain.invoke(question, config={'callbacks': [RoutePrinter()]})}")


if __name__ == "__main__":
    main()
