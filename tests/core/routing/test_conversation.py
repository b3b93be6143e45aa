"""Conversation: its name is whatever the host calls it, and a name that can't be read is none."""

from uuid import UUID

from routellm_core.routing.conversation import thread_name


class Unreadable:
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_a_name_is_the_text_of_what_the_host_gives() -> None:
    assert thread_name("a") == "a"
    assert thread_name(7) == "7"
    assert thread_name(UUID(int=1)) == "00000000-0000-0000-0000-000000000001"


def test_no_name_an_empty_one_and_an_unreadable_one_are_none() -> None:
    assert [thread_name(given) for given in (None, "", Unreadable())] == [None, None, None]
