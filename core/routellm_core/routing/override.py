"""RoutingOverride and `routing(...)`: settings for the calls made inside a `with` block, in any framework."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType

from routellm_core.routing.decision import Route
from routellm_core.routing.validation import check_fraction, check_route


@dataclass(frozen=True, slots=True)
class RoutingOverride:
    """Settings that beat the constructor's; None leaves a setting as it is."""

    question: str | None = None
    threshold: float | None = None
    route: Route | None = None
    thread_id: str | None = None

    def or_else(self, other: RoutingOverride) -> RoutingOverride:
        """Return this override, with unset fields taken from another."""
        return RoutingOverride(
            question=self.question if self.question is not None else other.question,
            threshold=self.threshold if self.threshold is not None else other.threshold,
            route=self.route or other.route,
            thread_id=self.thread_id if self.thread_id is not None else other.thread_id,
        )


NO_OVERRIDE = RoutingOverride()

# The blocks themselves, not their sum: blocks held open by generators do not end in reverse order, nor always
# in the context in which they began.
_open_blocks: ContextVar[tuple[routing, ...]] = ContextVar("routellm_open_blocks", default=())


def current_override() -> RoutingOverride:
    """Return the settings of the enclosing `routing(...)` blocks."""
    merged = NO_OVERRIDE
    blocks = _open_blocks.get()
    if not blocks:
        return merged
    for block in reversed(blocks):
        merged = merged.or_else(block.override)
    return merged


class routing:
    """Override routing for every model call made inside the block, through any chain, engine or agent.

    ```python
    with routing(question="What is a monad?"):   # score this, not the stuffed prompt
        query_engine.query(...)
    ```

    Inner blocks beat outer ones. It reaches threads and tasks that copy the context, as both frameworks do. A
    block held open by a generator reaches the generator's consumer too, and ends without touching the
    consumer's own blocks.

    Args:
        question: the text to score instead of the call's own.
        threshold: in [0, 1].
        route: "strong" or "weak", regardless of score and gates.
        thread_id: the name of the conversation that the calls belong to, for `sticky="conversation"`, the log
            and the statistics.

    Raises:
        ValueError: an invalid threshold or route, or an empty thread_id.
        TypeError: a question or a thread_id that is not a string.
    """

    def __init__(
        self,
        *,
        question: str | None = None,
        threshold: float | None = None,
        route: Route | None = None,
        thread_id: str | None = None,
    ) -> None:
        for name, text in (("question", question), ("thread_id", thread_id)):
            if text is not None and not isinstance(text, str):
                raise TypeError(f"routing({name}=...) is {type(text).__name__}, expected str.")
        if thread_id == "":
            # All conversations without a name would be one.
            raise ValueError("routing(thread_id=...) is empty, expected the conversation's name or None.")
        self.override = RoutingOverride(
            question=question,
            threshold=None if threshold is None else check_fraction(threshold, "routing(threshold=...)"),
            route=None if route is None else check_route(route, "routing(route=...)"),
            thread_id=thread_id,
        )

    def __enter__(self) -> RoutingOverride:
        _open_blocks.set((*_open_blocks.get(), self))
        return current_override()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        blocks = _open_blocks.get()
        for position in reversed(range(len(blocks))):
            if blocks[position] is self:
                _open_blocks.set(blocks[:position] + blocks[position + 1 :])
                return
