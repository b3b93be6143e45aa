"""PredictionPrompt: asks a causal LLM how good the weak model's answer to a question will be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

Markup = Literal["llama3", "chat_template", "plain"]
MARKUPS: tuple[str, ...] = get_args(Markup)

_QUESTION = "{question}"

SYSTEM = (
    "A language model of modest size is about to answer the question below. From the question alone, foresee "
    "how good its answer will be: 5 complete and correct, 4 good with small flaws, 3 of mixed use, 2 mostly "
    "wrong or shallow, 1 of no use. Reply with the label only."
)
"""The instruction of our own training; the published checkpoint brings its own texts."""

QUESTION = "Question:\n{question}\n\nLabel:"


@dataclass(frozen=True)
class PredictionPrompt:
    """The texts around a question.

    Attributes:
        system: the instruction.
        question: the user's turn, which holds "{question}".
        markup: "llama3" (Llama 3's chat tokens), "chat_template" (the tokenizer's own) or "plain" (none).
    """

    system: str = SYSTEM
    question: str = QUESTION
    markup: Markup = "plain"

    def __post_init__(self) -> None:
        if _QUESTION not in self.question:
            raise ValueError(f"question is {self.question!r}, expected a text that holds {_QUESTION}.")
        if self.markup not in MARKUPS:
            raise ValueError(f"markup is {self.markup!r}, expected one of {list(MARKUPS)}.")

    def ids(self, text: str, tokenizer: Any, max_length: int) -> list[int]:
        """Return the token ids up to where the label follows, at most `max_length` of them.

        A question that is too long loses its end, never the words around it.

        Raises:
            ValueError: `max_length` has no room for the prompt around the question.
        """
        # Tokens are rarely longer than this; without a bound a text of megabytes would be read whole.
        text = text[: 16 * max_length]
        found = self._ids(text, tokenizer)
        if len(found) <= max_length:
            return found
        frame = len(self._ids("", tokenizer))
        if frame >= max_length:
            raise ValueError(
                f"max_length is {max_length}, the prompt around a question alone has {frame} tokens."
            )
        while len(found) > max_length:
            kept = len(text) * (max_length - frame) // (len(found) - frame)
            text = text[: min(kept, len(text) - 1)]
            found = self._ids(text, tokenizer)
        return found

    def text(self, question: str, tokenizer: Any) -> str:
        """Return the prompt with the assistant's header at its end: the next token is the label.

        The published code leaves the header out and lets the model generate it first, which takes four more
        steps to the same place with one forward pass each.
        """
        user = self.question.replace(_QUESTION, question).strip()
        if self.markup == "llama3":
            turns = (("system", self.system.strip()), ("user", user))
            text = "".join(_llama3(role) + f"{content}<|eot_id|>" for role, content in turns)
            return text + _llama3("assistant")
        if self.markup == "chat_template":
            messages = [{"role": "system", "content": self.system}, {"role": "user", "content": user}]
            return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        return f"{self.system}\n\n{user}"

    def _ids(self, question: str, tokenizer: Any) -> list[int]:
        # Without markup the tokenizer puts its own first token; a chat template writes it out.
        plain = self.markup == "plain"
        found = list(tokenizer(self.text(question, tokenizer), add_special_tokens=plain)["input_ids"])
        if plain and len(found) > 1 and found[-1] == tokenizer.eos_token_id:
            found.pop()
        first = tokenizer.bos_token_id
        return [first, *found] if self.markup == "llama3" and first is not None else found


def _llama3(role: str) -> str:
    return f"<|start_header_id|>{role}<|end_header_id|>\n\n"
