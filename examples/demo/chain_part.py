"""Part (a): a LangChain chain, prompt | model | parser, over a list of prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from langchain_routellm import ChatRouteLLM

from examples.demo.error_line import error_line
from examples.demo.model_call import ModelCall

TEMPLATE = ChatPromptTemplate.from_messages(
    [("system", "Answer kindly, in at most three sentences."), ("human", "{question}")]
)


def ask_chain(llm: ChatRouteLLM, prompts: Sequence[str]) -> tuple[list[ModelCall], list[str]]:
    """Return one call per answered prompt, and one line per prompt that the provider refused.

    Raises:
        Exception: the provider's own, where it refused every prompt.
    """
    # The parser turns the message into text; the message itself is kept beside it for the table.
    parser: Any = {"text": StrOutputParser(), "message": RunnablePassthrough()}
    chain = TEMPLATE | llm | parser
    inputs = [{"question": prompt} for prompt in prompts]
    answers: list[Any] = chain.batch(inputs, config={"max_concurrency": 8}, return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, Exception)]
    if len(refusals) == len(answers):
        raise refusals[0]
    calls, refused = [], []
    for prompt, answer in zip(prompts, answers, strict=True):
        if isinstance(answer, Exception):
            shown = prompt if len(prompt) <= 40 else f"{prompt[:37]}..."
            refused.append(f"{shown!r}: {error_line(answer)}")
        else:
            calls.append(ModelCall.from_message("chain", prompt, answer["message"]))
    return calls, refused
