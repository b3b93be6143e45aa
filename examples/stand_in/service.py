"""What both APIs share: the models, their scripts, the prompt cache, the numbering of answers."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from examples.stand_in.answers import built_in_answer
from examples.stand_in.failures import FailurePlan
from examples.stand_in.model import Answer, Provider, StandInModel
from examples.stand_in.prompt import Prompt
from examples.stand_in.refusal import Refusal
from examples.stand_in.response_store import ResponseStore
from examples.stand_in.tokens import PrefixCache, first_tokens


@dataclass(frozen=True)
class Finished:
    """An answer cut to the request's limits. `reason` is "stop", "stop_sequence", "length" or "tools"."""

    answer: Answer
    reason: str
    stop_sequence: str | None
    tokens: int


class Service:
    """The models behind the server."""

    def __init__(self, models: Iterable[StandInModel]) -> None:
        self.models = {model.name: model for model in models}
        self.failures = FailurePlan(self.models.values())
        self.cache = PrefixCache()
        self.responses = ResponseStore()
        self._numbers = itertools.count(1)
        self._script_positions: Counter[str] = Counter()

    def reset(self) -> None:
        """Forget what was said: scripts start again, nothing is kept, failures are as configured."""
        self.failures.reset()
        self.cache.clear()
        self.responses.clear()
        self._script_positions.clear()

    def new_id(self, prefix: str) -> str:
        """An id of the provider's form, unique within this server."""
        return f"{prefix}{next(self._numbers):024d}"

    def find(self, name: object, provider: Provider) -> StandInModel:
        """The model of that name, where the provider has it."""
        model = self.models.get(name) if isinstance(name, str) else None
        if model is not None and model.api == provider:
            return model
        if provider == "anthropic":
            raise Refusal(404, f"model: {name}")
        text = f"The model `{name}` does not exist or you do not have access to it."
        raise Refusal(404, text, code="model_not_found")

    def answer(self, model: StandInModel, prompt: Prompt) -> Answer:
        """What the model's script says, else the built-in answer."""
        script = model.answer
        if script is None:
            return built_in_answer(prompt)
        if isinstance(script, Sequence) and not isinstance(script, str):
            position = min(self._script_positions[model.name], len(script) - 1)
            self._script_positions[model.name] += 1
            script = script[position]
        elif not isinstance(script, str | Answer):
            script = script(prompt)
        return Answer(text=script) if isinstance(script, str) else script


def finish(
    answer: Answer,
    stops: Sequence[str],
    max_tokens: int | None,
    count: Callable[[str], int],
    arguments: Callable[[Answer], str],
) -> Finished:
    """Cut the text at the first stop sequence, then to `max_tokens`. Tool calls stay whole."""
    text, reason, found = answer.text, "stop", None
    cuts = [(text.find(stop), stop) for stop in stops if stop and stop in text]
    if cuts:
        position, found = min(cuts)
        text, reason = text[:position], "stop_sequence"
    if answer.tool_calls:
        reason, found = "tools", None
    if max_tokens is not None:
        short = first_tokens(text, max_tokens, count)
        if short != text:
            text, reason, found = short, "length", None
    cut = Answer(text, answer.tool_calls, answer.thinking, answer.blocks)
    tokens = count(text) + count(answer.thinking) + count(arguments(answer))
    return Finished(cut, reason, found, max(1, tokens))
