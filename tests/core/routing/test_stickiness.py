"""A hard turn keeps its conversation on strong, for good or for a number of easy turns."""

from __future__ import annotations

from typing import Any

import pytest

from routellm_core import RoutingPolicy, RoutingRequest, routing
from routellm_core.routing.conversation import Conversation
from routellm_core.routing.conversation_memory import ConversationMemory
from routellm_core.routing.decision import Route
from routellm_core.routing.dispatcher import Dispatcher
from routellm_core.routing.escalation import Escalation
from routellm_core.routing.ladder import Ladder
from routellm_core.routing.prices import Prices
from routellm_core.routing.request import RoutingRequest as Request
from routellm_core.routing.routing_counter import RoutingCounter
from routellm_core.routing.stickiness import Stickiness

from tests.routers import FailingRouter, KeywordRouter, WordsRouter

Records = list[list[dict[str, Any]]]

HARD = {"route": "strong", "reason": "score"}
EASY = {"route": "weak", "reason": "score"}
KEPT = {"route": "strong", "reason": "sticky"}


def dispatcher(turns: int | None = None, **settings: Any) -> Dispatcher:
    memory = ConversationMemory()
    policy = RoutingPolicy(KeywordRouter("hard"), 0.5, sticky=Stickiness(memory, turns))
    return Dispatcher(policy, memory=memory, **settings)


def recorded(*records: dict[str, Any], text: str = "easy") -> RoutingRequest:
    return RoutingRequest(text, conversation=Conversation(len(records), [*([each] for each in records), []]))


def play(it: Dispatcher, words: str, thread_id: str | None = "one") -> str:
    """Make a call for each word, each of them a turn; return the sides that answer: s, weak w, kept k."""
    told = ""
    for turn, word in enumerate(words.split()):
        request = Request(word, thread_id=thread_id, conversation=Conversation(turn))
        decision = it.decide(request)
        told += "k" if decision.reason == "sticky" else decision.route[0]
    return told


@pytest.mark.parametrize(
    ("turns", "told"),
    [(None, "wskkkkkskkkkk"), (1, "wskwwwwskwwww"), (2, "wskkwwwskkwww"), (3, "wskkkwwskkkww")],
)
def test_a_named_conversation_stays_on_strong_for_that_many_easy_turns(turns: int | None, told: str) -> None:
    words = "easy hard easy easy easy easy easy hard easy easy easy easy easy"
    # Where all turns stay, nothing is scored any more.
    assert play(dispatcher(turns), words) == (told if turns else "ws" + 11 * "k")


def test_conversations_are_apart_and_calls_without_a_name_are_in_none() -> None:
    it = dispatcher()
    assert play(it, "hard easy", "one") == "sk"
    assert play(it, "easy", "two") == "w"
    assert play(it, "hard easy", None) == "sw"
    assert play(it, "easy", "one") == "k"


@pytest.mark.parametrize(
    ("records", "turns", "route"),
    [
        ([EASY], None, "weak"),
        ([HARD], None, "strong"),
        ([HARD, KEPT, KEPT, KEPT], None, "strong"),
        ([HARD, KEPT], 2, "strong"),
        ([HARD, KEPT, KEPT], 2, "weak"),
        ([HARD, KEPT, KEPT, HARD], 2, "strong"),
        ([{"route": "strong", "reason": "forced"}], 1, "strong"),
        ([{"route": "strong", "reason": "escalated"}], 1, "strong"),
        ([{"route": "strong", "reason": "score", "shadow_route": "weak"}], None, "weak"),
    ],
)
def test_records_in_the_history_tell_the_same(records: Any, turns: int | None, route: Route) -> None:
    decision = dispatcher(turns).preview(recorded(*records))
    assert (decision.route, decision.reason == "sticky") == (route, route == "strong")
    # Only where easy turns are counted does the score matter.
    assert (decision.score is None) == (turns is None and route == "strong")


def test_a_turn_is_easy_once_however_many_calls_it_takes() -> None:
    it = dispatcher(2)
    turn = [Request(word, thread_id="one", conversation=Conversation(1)) for word in ("hard", "easy", "easy")]
    assert [it.decide(request).route for request in turn] == ["strong"] * 3
    for number, told in ((2, "strong"), (3, "strong"), (4, "weak")):
        for _ in range(3):
            step = Request("easy", thread_id="one", conversation=Conversation(number))
            assert it.decide(step).route == told
    steps: Records = [[HARD], [KEPT, KEPT, KEPT], [KEPT]]
    assert it.preview(Request("easy", conversation=Conversation(9, steps))).route == "strong"


def test_the_turn_under_way_counts_as_soon_as_it_is_hard() -> None:
    steps: Records = [[EASY], [EASY, {"route": "strong", "reason": "escalated"}]]
    assert dispatcher(1).preview(Request("easy", conversation=Conversation(1, steps))).reason == "sticky"


def test_without_records_and_name_the_earlier_texts_are_scored_once() -> None:
    router = KeywordRouter("hard")
    policy = RoutingPolicy(router, 0.5, sticky=Stickiness(ConversationMemory(), 2))

    def decided(*texts: str) -> tuple[str, str]:
        conversation = Conversation(len(texts), texts=lambda: texts[:-1])
        decision = policy.decide(Request(texts[-1], conversation=conversation))
        return decision.route, decision.reason

    assert decided("easy one", "easy two") == ("weak", "score")
    assert decided("hard one", "easy two") == ("strong", "sticky")
    assert decided("hard one", "easy two", "easy three") == ("strong", "sticky")
    assert decided("hard one", "easy two", "easy three", "easy four") == ("weak", "score")
    scored = [text for batch in router.batches for text in batch]
    assert sorted(scored) == sorted(set(scored))


async def test_earlier_texts_are_scored_without_blocking_a_loop() -> None:
    class SlowRouter(KeywordRouter):
        scores_inline = False

    for router in (KeywordRouter("hard"), SlowRouter("hard")):
        policy = RoutingPolicy(router, 0.5, sticky=Stickiness(ConversationMemory()))
        request = Request("easy", conversation=Conversation(1, texts=lambda: ["hard"]))
        assert (policy.decide_at_once(request) is None) is not router.scores_inline
        assert (await policy.adecide(request)).reason == "sticky"
        await policy.ascore_ahead([request])
        assert len(router.batches) == 2


def test_what_is_known_beats_what_the_texts_say() -> None:
    def texts() -> list[str]:
        raise AssertionError("the texts are not needed")

    it = dispatcher()
    known = Conversation(1, [[EASY], []], texts)
    assert it.preview(Request("easy", conversation=known)).route == "weak"
    play(it, "easy", "one")
    assert (
        it.preview(Request("easy", thread_id="one", conversation=Conversation(1, [], texts))).route == "weak"
    )


def test_the_later_hard_turn_of_records_and_memory_counts() -> None:
    it = dispatcher(1)
    play(it, "hard", "one")
    forgotten = Request("easy", thread_id="one", conversation=Conversation(1, [[EASY], []]))
    assert it.preview(forgotten).reason == "sticky"
    newer = Request("easy", thread_id="two", conversation=Conversation(1, [[HARD], []]))
    assert it.preview(newer).reason == "sticky"


def test_gates_forced_routes_and_housekeeping_come_first_and_loops_stay() -> None:
    it = dispatcher()
    play(it, "hard")
    assert it.decide(Request("easy", thread_id="one", route="weak")).reason == "forced"
    assert it.decide(Request("easy", thread_id="one", housekeeping="weak")).reason == "housekeeping"
    assert it.decide(Request("easy", thread_id="one", loop="weak")).route == "weak"
    assert it.decide(Request("easy", thread_id="one")).reason == "sticky"
    assert it.decide(Request(" ", thread_id="one")).reason == "sticky"


def test_a_router_that_fails_leaves_the_conversation_where_it_is() -> None:
    policy = RoutingPolicy(
        FailingRouter(), 0.5, on_router_error="weak", sticky=Stickiness(ConversationMemory(), 1)
    )
    with pytest.warns(UserWarning, match="failed"):
        assert policy.decide(recorded(HARD)).reason == "sticky"
    failing = Request("easy", conversation=Conversation(1, texts=lambda: ["hard"]))
    with pytest.warns(UserWarning, match="failed"):
        assert policy.decide(failing).reason == "router_error"


def test_an_escalation_makes_its_turn_hard() -> None:
    it = dispatcher(1, escalation=Escalation(rejects=lambda answer: answer == "poor"))
    decision = it.decide(Request("easy", thread_id="one", conversation=Conversation(9)))
    assert it.answer(decision, lambda asked: "poor" if asked.route == "weak" else "good") == "good"
    assert play(it, "easy easy") == "kw"


def test_a_preview_and_a_shadow_leave_no_trace() -> None:
    it = dispatcher()
    it.preview(Request("hard", thread_id="one"))
    assert play(it, "easy") == "w"
    shadow = dispatcher(shadow=True)
    play(shadow, "easy")
    request = Request("easy", thread_id="one", conversation=Conversation(1))
    assert shadow.decide(request).shadow_route == "weak"
    # Strong answered both.
    assert shadow.counter.snapshot().switches == 0


def test_routing_names_the_conversation_in_any_framework() -> None:
    it = dispatcher()
    with routing(thread_id="one"):
        assert play(it, "hard easy", None) == "sk"
        assert play(it, "easy", "its own") == "w"
    assert play(it, "easy", None) == "w"


def test_a_switch_is_known_by_the_conversations_name_and_has_a_price() -> None:
    prices = {"strong": {"input": 10, "output": 20, "cached_input": 1}, "weak": {"input": 1, "output": 2}}
    it = Dispatcher(
        RoutingPolicy(KeywordRouter("hard"), 0.5), counter=RoutingCounter(Prices.from_mapping(prices))
    )
    for turn, word in enumerate(["easy", "hard", "easy", "easy"]):
        it.decide(Request(word, thread_id="one", conversation=Conversation(turn)))
    assert it.counter.snapshot().switches == 2
    housekeeping = Request("x", thread_id="one", housekeeping="strong", conversation=Conversation(9))
    assert it.decide(housekeeping).repeated == 0.0
    assert it.counter.snapshot().switches == 2
    moved = it.decide(Request("hard", thread_id="one", conversation=Conversation(5, repeated=lambda: 0.75)))
    assert moved.repeated == 0.75
    assert moved.escalated("weak").repeated == 0.0


def tiered(turns: int | None = None) -> Dispatcher:
    ladder = Ladder(("nano", "mini", "full"))
    memory = ConversationMemory(ladder=ladder)
    router = WordsRouter(hard=0.9, middling=0.5)
    policy = RoutingPolicy(router, 0.7, sticky=Stickiness(memory, turns), ladder=ladder, borders=(0.3, 0.7))
    return Dispatcher(policy, RoutingCounter(ladder=ladder), memory=memory)


@pytest.mark.parametrize(
    ("turns", "words", "told"),
    [
        (None, "easy middling easy hard middling easy", "n m k f k k"),
        (2, "middling easy easy easy", "m k k n"),
        (2, "middling easy hard easy easy easy", "m k f k k n"),
        (1, "hard easy middling easy easy", "f k m k n"),
    ],
)
def test_a_conversation_stays_above_each_border_that_a_turn_was_above(
    turns: int | None, words: str, told: str
) -> None:
    assert " ".join(play(tiered(turns), words)) == told


def test_records_and_earlier_texts_tell_the_tier_that_it_stays_on() -> None:
    def kept(*records: dict[str, Any], texts: tuple[str, ...] = ()) -> tuple[str, str]:
        groups = [*([each] for each in records), []]
        decision = tiered().decide(Request("easy", conversation=Conversation(9, groups, lambda: texts)))
        return decision.route, decision.reason

    mini, full = ({"route": name, "reason": "score"} for name in ("mini", "full"))
    assert kept(mini) == ("mini", "sticky")
    assert kept(full, mini) == ("full", "sticky")
    assert kept(texts=("easy", "middling")) == ("mini", "sticky")
    assert kept(texts=("hard", "middling")) == ("full", "sticky")
    assert kept(texts=("easy",)) == ("nano", "score")
