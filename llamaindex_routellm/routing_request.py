"""Routing requests: a call of LlamaIndex, described for the policy."""

from __future__ import annotations

from collections.abc import Mapping

from llamaindex_routellm.earlier_turns import thread_of_tags
from llamaindex_routellm.prompt_size import prompt_tokens
from llamaindex_routellm.reading import Reading
from llamaindex_routellm.rendered_prompt import NO_QUESTION
from llamaindex_routellm.routed_call import RoutedCall
from llamaindex_routellm.side import Side
from routellm_core import RoutingRequest
from routellm_core.routing.capabilities import TierCapabilities
from routellm_core.routing.conversation import Conversation
from routellm_core.routing.decision import Route
from routellm_core.routing.override import current_override


def request_of(
    call: RoutedCall[object], reading: Reading, sides: Mapping[Route, Side], *, fits: bool
) -> RoutingRequest:
    """Describe a call for the policy.

    Args:
        call: of any method.
        reading: how it is read.
        sides: the models that may answer it.
        fits: whether it is known to fit every model's window.
    """
    thread = thread_of_tags()
    if current_override().route is not None:
        # Nothing else of it counts, and a model may ask its server what it can do.
        return RoutingRequest(thread_id=thread, conversation=_conversation(call, reading, thread, None))
    needs = call.needs()
    text, housekeeping = _scored_text(call, reading)
    conversation = _conversation(call, reading, thread, text)
    if fits and not needs:
        return RoutingRequest(text, housekeeping=housekeeping, thread_id=thread, conversation=conversation)
    # At each call, since a model's settings may change at any time.
    able = TierCapabilities({route: side.capabilities() for route, side in sides.items()})
    window = able.smallest_window
    obstacles = able.obstacles(needs, prompt_tokens(call.texts(window), window))
    stuck = reading.stuck is not None and call.is_stuck(reading.stuck)
    return RoutingRequest(
        text,
        obstacles,
        housekeeping=housekeeping,
        stuck=stuck,
        thread_id=thread,
        conversation=conversation,
    )


def _conversation(
    call: RoutedCall[object], reading: Reading, thread: str | None, text: str | None
) -> Conversation | None:
    if not reading.sticky and thread is None and current_override().thread_id is None:
        return None
    return call.conversation(text)


def _scored_text(call: RoutedCall[object], reading: Reading) -> tuple[str | None, Route | None]:
    """Return the text to score, and the side for what a program asks for itself."""
    text = call.question(reading)
    if text != NO_QUESTION:
        return text, None
    if reading.housekeeping is not None:
        return None, reading.housekeeping
    return "\n".join(call.texts(None)), None
