"""SchemaChains: the models' own `with_structured_output` for one schema, and what its answers hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable

from langchain_routellm.deployments import REPLACED
from langchain_routellm.model_arguments import with_arguments
from routellm_core.routing.decision import Route


@dataclass(frozen=True)
class SchemaChains:
    """What is known of a schema's calls.

    Attributes:
        chains: side, or "checker" -> its structured runnable; one that takes no such schema is missing.
        include_raw: whether answers are dictionaries of the message and the parsed object.
    """

    chains: Mapping[Route, Runnable[Any, Any]]
    include_raw: bool

    def chain_of(self, route: Route, arguments: Mapping[str, Any]) -> Runnable[Any, Any] | None:
        """Return a side's runnable with arguments of a call bound to its model; None if there is none."""
        chain = self.chains.get(route)
        if chain is None:
            return None
        given = {name: value for name, value in arguments.items() if name not in REPLACED}
        return with_arguments(chain, given)

    def value_of(self, answer: object) -> object:
        """Return the object of an answer; None if it was not parsed."""
        return answer.get("parsed") if self.include_raw and isinstance(answer, Mapping) else answer

    def streamed_value(self, parts: Sequence[object]) -> object:
        """Return the object of a streamed answer, which grows from part to part; None if there is none."""
        values = (
            parts
            if not self.include_raw
            else [part["parsed"] for part in parts if isinstance(part, Mapping) and "parsed" in part]
        )
        return values[-1] if values else None
