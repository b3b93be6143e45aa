from typing import Any

import pytest

from routellm_core import Capabilities
from routellm_core.routing.capabilities import (
    NEEDS,
    NO_OBSTACLES,
    Need,
    Obstacles,
    TierCapabilities,
    check_needs,
)
from routellm_core.routing.decision import Reason


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        ("image", "vision"),
        ("audio", "unsupported"),
        ("video", "unsupported"),
        ("file", "unsupported"),
        ("tools", "tools"),
        ("structured_output", "structured_output"),
    ],
)
def test_a_lacking_need_is_an_obstacle_with_its_reason(need: Need, reason: Reason) -> None:
    assert Capabilities(lacks=frozenset({need})).obstacles(NEEDS, None) == {reason}
    assert Capabilities(lacks=frozenset(NEEDS) - {need}).obstacles([need], None) == set()


def test_what_is_unknown_is_no_obstacle() -> None:
    assert Capabilities().obstacles(NEEDS, 10**9) == set()


def test_a_call_without_needs_meets_no_obstacle() -> None:
    assert Capabilities(lacks=frozenset(NEEDS)).obstacles([], 5) == set()


@pytest.mark.parametrize(
    ("tokens", "expected"), [(None, set()), (99, set()), (100, set()), (101, {"context_window"})]
)
def test_a_prompt_that_fills_the_window_still_fits(tokens: int | None, expected: set[Reason]) -> None:
    assert Capabilities(context_window=100).obstacles([], tokens) == expected


def test_every_obstacle_is_found() -> None:
    lacking = Capabilities(lacks=frozenset({"image", "tools"}), context_window=10)

    assert lacking.obstacles(["tools", "image", "file"], 11) == {"vision", "tools", "context_window"}


def test_check_needs_takes_any_collection() -> None:
    assert check_needs(["tools", "image"], "weak_lacks") == frozenset({"tools", "image"})
    assert check_needs((), "weak_lacks") == frozenset()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("tools", r"^weak_lacks is 'tools', expected a set of \['image', .*such as \{'tools'\}\.$"),
        (["vision"], r"^weak_lacks holds 'vision', expected some of \['image', "),
    ],
)
def test_check_needs_refuses_what_is_no_set_of_needs(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_needs(values, "weak_lacks")


def test_an_unknown_need_is_refused_and_not_ignored() -> None:
    misspelled: Any = {"tool"}
    with pytest.raises(ValueError, match="lacks holds 'tool'"):
        Capabilities(lacks=misspelled)


def test_a_pair_has_the_smaller_window_of_those_that_are_known() -> None:
    small, large = Capabilities(context_window=10), Capabilities(context_window=20)

    assert TierCapabilities({"strong": large, "weak": small}).smallest_window == 10
    assert TierCapabilities({"strong": large}).smallest_window == 20
    assert TierCapabilities().smallest_window is None


def test_each_side_has_its_own_obstacles() -> None:
    pair = TierCapabilities(
        {
            "strong": Capabilities(lacks=frozenset({"tools"})),
            "weak": Capabilities(lacks=frozenset({"image"}), context_window=10),
        }
    )

    assert pair.obstacles(["tools", "image"], 11, frozenset({"strong"})) == Obstacles(
        {"strong": frozenset({"tools", "unsupported"}), "weak": frozenset({"vision", "context_window"})}
    )
    assert pair.obstacles(["file"], 10) == Obstacles()


def test_a_call_without_needs_is_known_to_have_no_obstacles() -> None:
    pair = TierCapabilities(
        {"strong": Capabilities(lacks=frozenset(NEEDS)), "weak": Capabilities(context_window=1)}
    )

    assert pair.obstacles([], None) is NO_OBSTACLES
