import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

from routellm_core import Decision
from routellm_core.routing.conversation import Place
from routellm_core.routing.conversation_memory import ConversationMemory
from routellm_core.routing.decision import Reason, Route


def decision(thread: str, turn: int | None, route: Route, reason: Reason = "score") -> Decision:
    return Decision(route, None, 0.5, reason, "random", place=Place(thread, turn))


def test_the_conversation_that_was_silent_for_longest_is_forgotten_first() -> None:
    memory = ConversationMemory(size=2)
    for thread in ("one", "two", "one", "three"):
        memory.note(decision(thread, 0, "strong"))
    assert [memory.route(thread) for thread in ("one", "two", "three")] == ["strong", None, "strong"]
    assert len(memory) == 2


def test_easy_turns_are_counted_from_the_last_hard_one() -> None:
    memory = ConversationMemory()
    assert memory.easy_turns(Place("one", 0)) is None
    memory.note(decision("one", 0, "weak"))
    assert memory.easy_turns(Place("one", 1)) is None
    memory.note(decision("one", 1, "strong"))
    assert [memory.easy_turns(Place("one", turn)) for turn in (1, 2)] == [0, 0]
    memory.note(decision("one", 2, "strong", "sticky"))
    assert [memory.easy_turns(Place("one", turn)) for turn in (2, 3, None)] == [0, 1, 0]
    memory.note(decision("one", None, "strong", "sticky"))
    assert memory.easy_turns(Place("one", 3)) == 1


def test_calls_outside_of_any_conversation_and_housekeeping_leave_no_trace() -> None:
    memory = ConversationMemory()
    memory.note(Decision("strong", None, 0.5, "score", "random"))
    memory.note(decision("one", 0, "weak", "housekeeping"))
    assert len(memory) == 0


def test_threads_may_share_it() -> None:
    memory = ConversationMemory(size=50)

    def talk(number: int) -> None:
        for turn in range(200):
            thread = str((number + turn) % 80)
            memory.note(decision(thread, turn, "strong" if turn % 3 else "weak"))
            memory.easy_turns(Place(thread, turn))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(talk, range(8)))
    assert len(memory) == 50


def test_a_copy_and_a_pickle_begin_anew() -> None:
    memory = ConversationMemory(size=3)
    memory.note(decision("one", 0, "strong"))
    for other in (copy.copy(memory), pickle.loads(pickle.dumps(memory))):
        assert other.route("one") is None
        other.note(decision("two", 0, "weak"))
    assert memory.route("two") is None


def test_a_long_name_is_remembered_by_its_hash() -> None:
    memory = ConversationMemory()
    long, other = "a" * 1_000_000 + "\ud800", "a" * 1_000_000 + "b"
    memory.note(decision(long, 0, "strong"))

    assert (memory.route(long), memory.route(other)) == ("strong", None)
    assert memory.easy_turns(Place(long, 0)) == 0
    assert max(map(len, memory._entries)) < 100
