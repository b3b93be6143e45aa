"""Held-out prompts: whole prompts, whatever the order of the rows."""

import pytest

from routellm_core.preferences.reading.records import DataError
from routellm_core.training.held_out import held_out


def test_a_prompt_is_held_out_with_all_its_rows_whatever_the_order() -> None:
    prompts = [f"prompt {n % 50}" for n in range(300)]
    chosen = held_out(prompts, 0.2, seed=3)
    sides = {
        prompt: {bool(c) for p, c in zip(prompts, chosen, strict=True) if p == prompt} for prompt in prompts
    }

    assert all(len(side) == 1 for side in sides.values())
    assert sum(side == {True} for side in sides.values()) == 10
    assert held_out(prompts[::-1], 0.2, seed=3).tolist() == chosen[::-1].tolist()
    assert held_out(prompts, 0.2, seed=4).tolist() != chosen.tolist()


def test_one_prompt_can_not_be_split() -> None:
    assert sorted(held_out(["a", "b"], 0.001, 0).tolist()) == [False, True]
    assert sorted(held_out(["a", "b"], 0.999, 0).tolist()) == [False, True]
    with pytest.raises(DataError, match="holds 1 distinct prompts, expected at least 2"):
        held_out(["a", "a"], 0.5, 0)
    with pytest.raises(ValueError, match=r"held-out share is 1\.0, expected a number above 0 and below 1"):
        held_out(["a", "b"], 1.0, 0)
