"""RouteLLM: an LLM that hands each call to its strong or its weak model.

It overrides the public methods and calls the same one of the chosen model, so that everything around it works
as if that model had been called directly: its own prompts, limiter, callbacks and ways to structured output.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Self

from llama_index.core.base.llms.types import ChatMessage, LLMMetadata, MessageRole
from llama_index.core.llms import LLM
from llama_index.core.prompts import BasePromptTemplate
from pydantic import BaseModel, field_serializer

from llamaindex_routellm.chat_endpoints import ChatEndpoints
from llamaindex_routellm.decision_event import model_name_of
from llamaindex_routellm.pair_constructors import PairConstructors
from llamaindex_routellm.prompt_endpoints import PromptEndpoints
from llamaindex_routellm.routed_call import ChatCall, CompletionCall, RoutedCall, TemplateCall
from llamaindex_routellm.serialization import restored_model, restored_router, router_name
from llamaindex_routellm.tool_endpoints import ToolEndpoints
from routellm_core import Decision
from routellm_core.calibration.borders import THRESHOLDS
from routellm_core.checkpoints.explanation import Explanation
from routellm_core.checkpoints.hosts import allowing_hosts
from routellm_core.checkpoints.redaction import redacted
from routellm_core.loading import registered_kinds
from routellm_core.router import Router
from routellm_core.routing.decision_log import DecisionLog

_LOG = logging.getLogger(__name__)


class RouteLLM(ChatEndpoints, PromptEndpoints, ToolEndpoints, PairConstructors):
    """A strong and a weak LLM behind one threshold.

    ```python
    llm = RouteLLM(strong=OpenAI("gpt-4o"), weak=OpenAI("gpt-4o-mini"), strong_share=0.3)
    llm.complete("What is 2+2?").additional_kwargs["routellm"]
    # {"route": "weak", "score": ..., "threshold": ..., "reason": "score", "router": "default"}
    ```

    `from_tiers` takes more than two models.

    Exactly one of `strong_share`, `threshold` and `from_calibration(path)` says how much goes to strong;
    `with routing(...)` beats it for the calls inside. The question is scored, not the prompt it was stuffed
    into. The settings are described at `PairFields`; those of every LLM (`system_prompt`,
    `output_parser`, `rate_limiter` and so on) are used on both models in place of the models' own.

    Raises:
        ValueError: a setting is missing, out of range or unknown; the message names it, its value and what
        was
            expected.
    """

    @classmethod
    def class_name(cls) -> str:
        """Return the name of this class in serialised components."""
        return "RouteLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """What all models keep between them; see `context_window` and `function_calling`."""
        known = [side.model.metadata for side in self.switchboard.sides.values()]
        windows = [each.context_window for each in known]
        calls = [each.is_function_calling_model for each in known]
        return LLMMetadata(
            context_window=windows[0] if self.context_window == "strong" else min(windows),
            num_output=max(each.num_output for each in known),
            is_chat_model=any(each.is_chat_model for each in known),
            is_function_calling_model=all(calls) if self.function_calling == "both" else any(calls),
            model_name=f"routellm({'|'.join(each.model_name for each in known)})",
            system_role=_system_role(known),
        )

    def route(
        self, input: str | Sequence[ChatMessage] | BasePromptTemplate, /, **prompt_args: Any
    ) -> Decision:
        """Return how a call would be routed, without making or counting it.

        Args:
            input: a prompt, messages, or a template.
            prompt_args: the template's variables, whatever their names.
        """
        return self.switchboard.preview(_call_of(input, prompt_args))

    def explain(
        self, input: str | Sequence[ChatMessage] | BasePromptTemplate, /, **prompt_args: Any
    ) -> Explanation:
        """Return what moved the score of the very text that a call would be scored by, without making it.

        Args:
            input: a prompt, messages, or a template.
            prompt_args: the template's variables, whatever their names.

        Raises:
            ValueError: the router explains nothing, or the call is routed without a score.
            RouterError: there is no score.
        """
        return self.switchboard.explain(_call_of(input, prompt_args))

    def _extend_messages(self, messages: list[ChatMessage]) -> list[ChatMessage]:
        # Programs add the system prompt themselves, before they ask for anything that could be routed.
        prompts = [model.system_prompt for model in self.models.values()]
        if self.system_prompt is None and all(prompt == prompts[0] for prompt in prompts):
            return self.strong._extend_messages(messages)
        return super()._extend_messages(messages)

    @field_serializer("strong", "weak")
    def _serialize_model(self, model: LLM) -> object:
        return redacted(model.to_dict())

    @field_serializer("between")
    def _serialize_models(self, models: Sequence[LLM]) -> list[object]:
        return [redacted(model.to_dict()) for model in models]

    @field_serializer("router")
    def _serialize_router(self, router: Router) -> str:
        return router_name(router, self._router_given)

    @field_serializer("decision_log")
    def _serialize_log(self, log: DecisionLog | None) -> str | None:
        return None if log is None else log.name

    @field_serializer("question_variables", "tier_names", "thresholds", "shares")
    def _serialize_list(self, values: Sequence[Any] | None) -> list[Any] | None:
        return None if values is None else list(values)

    @field_serializer("tier_lacks")
    def _serialize_needs_by_tier(self, needs: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
        return {name: sorted(lacked) for name, lacked in needs.items()}

    @field_serializer("strong_lacks", "weak_lacks")
    def _serialize_needs(self, needs: Iterable[str]) -> list[str]:
        return sorted(needs)

    @classmethod
    def from_dict(cls, data: dict[str, Any], *, allow_hosts: Collection[str] = (), **kwargs: Any) -> Self:
        """Make an LLM from `to_dict`'s values.

        Keys are not among them and come from the environment, as they do without one; neither are
        `escalate_on`, `escalate_strong_on` and `escalate_if`, nor a router that has no name to load it by.

        Args:
            data: from `to_dict`, wherever they were kept: they reach no host and write no file of their own.
            allow_hosts: hosts that models named in the data may be at, as "name" or "name:port", beside their
                providers' own; "huggingface.co" lets a router be fetched from there.
            kwargs: settings that beat the stored ones.

        Raises:
            ValueError: a class or a router can't be found again, or the data name a host or a log that nobody
                allowed; the message says what to give.
        """
        with allowing_hosts(allow_hosts):
            return cls._restored(data, kwargs)

    @classmethod
    def _restored(cls, data: Mapping[str, Any], kwargs: Mapping[str, Any]) -> Self:
        if not set(THRESHOLDS).isdisjoint(kwargs):
            data = {**data, **dict.fromkeys(THRESHOLDS)}
        values = {key: value for key, value in {**data, **kwargs}.items() if key != "class_name"}
        if "decision_log" not in kwargs and values.get("decision_log") is not None:
            raise ValueError(
                f"decision_log is {values['decision_log']!r} in the data, and data alone never make a pair "
                "write a file: give from_dict(data, decision_log=...), or None for no log."
            )
        for side in ("strong", "weak"):
            values[side] = restored_model(values.get(side), side)
        values["between"] = [restored_model(model, "between") for model in values.get("between") or ()]
        if "router" not in kwargs:
            values["router"] = restored_router(values.get("router", "default"))
        return cls(**values)

    def __getstate__(self) -> dict[str, Any]:
        for name in ("router", "escalate_if"):
            _check_picklable(name, getattr(self, name))
        # Not upstream's own: it takes what can't be pickled out of the very object that is being pickled.
        state = BaseModel.__getstate__(self)
        fields = {name: value for name, value in state["__dict__"].items() if _is_picklable(name, value)}
        if isinstance(self._router_given, str) and self._router_given in {"default", *registered_kinds()}:
            fields["router"] = self._router_given
        return {**state, "__dict__": fields, "__pydantic_private__": None}

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for side, model in self.models.items():
            yield side, f"{type(model).__name__}({model_name_of(model)})"
        yield "router", self.router.name if isinstance(self.router, Router) else self.router
        for name in ("threshold", "strong_share", "mode"):
            yield name, getattr(self, name)
        for name in ("thresholds", "shares"):
            if (value := getattr(self, name)) is not None:
                yield name, value


def _system_role(known: Sequence[LLMMetadata]) -> MessageRole:
    """Return the role that all models take for a system prompt, which o1-mini takes as the user's."""
    roles = [each.system_role for each in reversed(known)]
    return next((role for role in roles if role != MessageRole.SYSTEM), MessageRole.SYSTEM)


def _check_picklable(name: str, value: object) -> None:
    try:
        pickle.dumps(value)
    except Exception as error:
        # Left out, as upstream does with what it can't pickle, calls would be routed otherwise from then on.
        raise TypeError(f"{name} is {value!r}, which can't be pickled: {error}") from error


def _is_picklable(name: str, value: object) -> bool:
    try:
        pickle.dumps(value)
    except Exception:
        _LOG.warning("%s can't be pickled and is left out", name)
        return False
    return True


def _call_of(
    input: str | Sequence[ChatMessage] | BasePromptTemplate, prompt_args: Mapping[str, Any]
) -> RoutedCall[object]:
    if isinstance(input, str):
        return CompletionCall("complete", input, {})
    if isinstance(input, BasePromptTemplate):
        return TemplateCall("predict", input, prompt_args)
    return ChatCall("chat", input, {})
