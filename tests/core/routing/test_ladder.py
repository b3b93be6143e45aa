from enum import StrEnum
from typing import Any

import pytest

from routellm_core.routing.ladder import PAIR, Ladder

THREE = Ladder(("nano", "mini", "full"))


def test_the_next_tier_up_and_down() -> None:
    assert [THREE.above(name) for name in THREE.names] == ["mini", "full", None]
    assert [THREE.below(name) for name in THREE.names] == [None, "nano", "mini"]
    assert (THREE.above("nano", {"mini"}), THREE.below("full", {"mini"})) == ("full", "nano")
    assert (THREE.above("mini", {"full"}), THREE.lowest, THREE.top) == (None, "nano", "full")
    assert (PAIR.above("weak"), PAIR.below("strong"), PAIR.above("strong")) == ("strong", "weak", None)


def test_weak_and_strong_stand_for_the_ends() -> None:
    assert [THREE.known(name) for name in ("weak", "strong", "mini", "medium", None, 1, ["mini"])] == [
        *("nano", "full", "mini"),
        *(None,) * 4,
    ]
    assert Ladder(("weak", "mid", "strong")).known("weak") == "weak"


def test_a_name_comes_back_as_plain_string() -> None:
    class Side(StrEnum):
        STRONG = "strong"

    assert type(PAIR.resolved(Side.STRONG, "route")) is str


def test_what_is_no_tier_is_refused_with_all_that_are() -> None:
    with pytest.raises(ValueError, match=r"^route is 'medium', expected 'strong' or 'weak'\.$"):
        PAIR.resolved("medium", "route")
    with pytest.raises(ValueError, match=r"^on_x is 'medium', expected 'full', 'mini', 'nano' or 'raise'\.$"):
        THREE.resolved("medium", "on_x", "raise")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("one",), "expected two or more"),
        ((), "expected two or more"),
        (("a", "b", "a"), "two tiers are named 'a'"),
        (("a", " "), "a tier is named ' '"),
        (("a", 1), "a tier is named 1"),
        (("a", "raise"), "a tier is named 'raise'"),
        (("strong", "weak"), "'weak', which stands for the lowest"),
        (("a", "strong", "b"), "'strong', which stands for the highest"),
    ],
)
def test_names_that_say_nothing_are_refused(names: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Ladder(names)
