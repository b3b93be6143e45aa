"""Stickiness: whether a conversation that strong has answered stays on strong; the rule, for both adapters.

A turn is hard where strong answered it for a reason of its own: the score, a forced route, a capability, an
escalation. A hard turn keeps the conversation on strong, for good or until a number of easy turns in a row.
What is known of earlier turns comes from the records in the history, and from what is remembered of a
named conversation; the later hard turn of the two counts. Where neither knows of any turn, the earlier turns'
own texts are scored, so that a history of role and content is enough. Of several tiers the same is true of
each border: a turn above it keeps the conversation above it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from routellm_core.routing.conversation import Place, recorded_easy_turns
from routellm_core.routing.conversation_memory import ConversationMemory
from routellm_core.routing.request import RoutingRequest
from routellm_core.routing.threshold import tier_of

MOST_TURNS = 50
"""Earlier turns whose texts are scored, at most."""

LEANS_OVER = 8
"""Turns before an earlier one that are read for the text that it leans on, at most."""

Scores = Mapping[str, float | Exception]


@dataclass(frozen=True, slots=True)
class Stickiness:
    """When a conversation stays on strong.

    Attributes:
        memory: what is known of named conversations.
        turns: how many easy turns in a row stay on strong before the score decides again; None for all.
    """

    memory: ConversationMemory
    turns: int | None = None

    def kept(self, request: RoutingRequest) -> int:
        """Return the place of the highest tier that what is known of the conversation keeps a call on.

        In a pair that is 1 for strong, and 0 where the call is free.
        """
        tiers = range(len(self.memory.ladder.names) - 1, 0, -1)
        return next((tier for tier in tiers if self._within(self._easy_turns(request, tier))), 0)

    def texts(self, request: RoutingRequest) -> Sequence[str]:
        """Return the earlier turns' texts whose scores may keep a call on strong; none where they can't."""
        conversation = request.conversation
        if conversation is None or any(record for turn in conversation.records for record in turn):
            return ()
        if request.thread_id is not None and self.memory.route(request.thread_id) is not None:
            return ()
        most = MOST_TURNS if self.turns is None else min(self.turns, MOST_TURNS)
        return conversation.texts()[-most:]

    @staticmethod
    def reached(scores: Scores, borders: Sequence[float]) -> int:
        """Return the place of the highest tier that one of these scores would have gone to."""
        known = (score for score in scores.values() if not isinstance(score, Exception))
        return max((tier_of(score, borders) for score in known), default=0)

    def _easy_turns(self, request: RoutingRequest, tier: int) -> int | None:
        conversation, thread = request.conversation, request.thread_id
        hard = self.memory.ladder.names[tier:]
        turn = None if conversation is None else conversation.turn
        found = [
            None if conversation is None else recorded_easy_turns(conversation.records, hard),
            None if thread is None else self.memory.easy_turns(Place(thread, turn), tier),
        ]
        return min((turns for turns in found if turns is not None), default=None)

    def _within(self, easy_turns: int | None) -> bool:
        return easy_turns is not None and (self.turns is None or easy_turns < self.turns)
