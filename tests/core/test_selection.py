"""Representative prompts: what is chosen, how it weighs, and that it estimates better than chance."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core.preferences.selection import select_representative


class Points:
    """Embeds "x y" as the point (x, y)."""

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.array([[float(part) for part in prompt.split()] for prompt in prompts])


def blobs(sizes: Sequence[int], spread: float = 0.1, seed: int = 0) -> tuple[list[str], npt.NDArray[np.intp]]:
    rng = np.random.default_rng(seed)
    centres = [(10.0 * np.cos(angle), 10.0 * np.sin(angle)) for angle in range(len(sizes))]
    points = [rng.normal(centre, spread, (size, 2)) for centre, size in zip(centres, sizes, strict=True)]
    owner = np.repeat(np.arange(len(sizes)), sizes)
    order = rng.permutation(len(owner))
    return [f"{x} {y}" for x, y in np.concatenate(points)[order]], owner[order]


@pytest.mark.parametrize("seed", range(5))
def test_one_of_each_cluster_with_its_size(seed: int) -> None:
    sizes = [40, 5, 20, 1, 10]
    prompts, owner = blobs(sizes)
    chosen = select_representative(prompts, Points(), 5, seed)

    assert sorted(owner[chosen.indices].tolist()) == [0, 1, 2, 3, 4]
    assert chosen.weights.tolist() == [sizes[cluster] for cluster in owner[chosen.indices]]


def test_the_chosen_one_is_nearest_to_the_centre() -> None:
    prompts = ["0 0", "1 0", "2 0", "5 0"]  # the mean is 2 0

    assert select_representative(prompts, Points(), 1).indices.tolist() == [2]
    assert select_representative(prompts, Points(), 1).weights.tolist() == [4]


def test_equal_prompts_weigh_and_are_chosen_once() -> None:
    prompts = ["0 0"] * 6 + ["1 0", "9 0", "9 0"]

    assert select_representative(prompts, Points(), 1).indices.tolist() == [6]  # the mean is 2.1 0
    assert select_representative(prompts, Points(), 2).weights.tolist() == [7, 2]
    assert select_representative(prompts, Points(), 3).indices.tolist() == [0, 6, 7]
    assert select_representative(prompts, Points(), 50).indices.tolist() == [0, 6, 7]
    assert select_representative(prompts, Points(), 50).weights.tolist() == [6, 1, 2]


@pytest.mark.parametrize("count", [1, 7, 60, 199, 200])
def test_as_many_as_asked_for_distinct_ascending_and_weights_that_sum_up(count: int) -> None:
    prompts, _ = blobs([100, 60, 40], spread=2.0)
    chosen = select_representative(prompts, Points(), count, seed=3)

    assert len(chosen.indices) == len(chosen.weights) == count
    assert (np.diff(chosen.indices) > 0).all()
    assert chosen.weights.sum() == 200
    assert (chosen.weights > 0).all()


def test_a_seed_decides_and_the_global_one_does_not() -> None:
    prompts, _ = blobs([100, 60, 40], spread=3.0)
    np.random.seed(0)  # noqa: NPY002
    first = select_representative(prompts, Points(), 20, seed=1).indices.tolist()
    np.random.seed(1)  # noqa: NPY002

    assert select_representative(prompts, Points(), 20, seed=1).indices.tolist() == first
    assert select_representative(prompts, Points(), 20, seed=2).indices.tolist() != first


def test_clusters_are_tighter_than_chance_by_far() -> None:
    prompts, _ = blobs([50] * 8, spread=0.5)
    points = Points().embed(prompts)

    def loss(rows: npt.NDArray[np.intp]) -> float:
        return float(((points[:, None] - points[rows][None]) ** 2).sum(axis=2).min(axis=1).mean())

    rng = np.random.default_rng(0)
    chance = np.mean([loss(rng.choice(400, 8, replace=False)) for _ in range(20)])
    assert loss(select_representative(prompts, Points(), 8).indices) < 0.05 * chance


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="count is 0, expected at least 1"):
        select_representative(["1 0"], Points(), 0)
    with pytest.raises(ValueError, match="there are no prompts"):
        select_representative([], Points(), 1)
