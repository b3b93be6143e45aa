"""Representative prompts: what is chosen, how it weighs, and that it estimates at least as well as chance."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core import load_router
from routellm_core.preferences.judging.selection import select_representative
from routellm_core.preferences.reading.labels import read_labels


class Points:
    """Embeds "x y" as the point (x, y)."""

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.array([[float(part) for part in prompt.split()] for prompt in prompts])


def blobs(count: int, size: int, spread: float = 0.1) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Return points around `count` centres that lie far apart, in random order, and the centre of each."""
    rng = np.random.default_rng(0)
    points = [rng.normal((10.0 * 3**centre, -5.0 * 3**centre), spread, (size, 2)) for centre in range(count)]
    owner = np.repeat(np.arange(count), size)
    order = rng.permutation(len(owner))
    return [f"{x} {y}" for x, y in np.concatenate(points)[order]], owner[order]


@pytest.mark.parametrize("seed", range(5))
def test_one_of_each_cluster(seed: int) -> None:
    prompts, owner = blobs(8, 25)
    chosen = select_representative(prompts, Points(), 8, seed)

    assert sorted(owner[chosen.indices].tolist()) == list(range(8))
    assert chosen.weights.tolist() == [25] * 8


def test_clusters_are_cut_across_the_largest_spread_wherever_they_lie() -> None:
    points = np.random.default_rng(0).normal(size=(100, 200))
    points[:50, 0] += 8.0
    points[:, 1] += 50.0

    class Wide:
        def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
            return points[[int(prompt) for prompt in prompts]]

    for seed in range(20):
        chosen = select_representative([str(number) for number in range(100)], Wide(), 2, seed)
        assert (chosen.indices < 50).tolist() == [True, False]


def test_equal_prompts_weigh_and_are_chosen_once() -> None:
    prompts = ["0 0"] * 6 + ["1 0", "9 0", "9 0", "10 0"]

    assert select_representative(prompts, Points(), 2).weights.tolist() == [7, 3]
    assert select_representative(prompts, Points(), 4).indices.tolist() == [0, 6, 7, 9]
    assert select_representative(prompts, Points(), 50).indices.tolist() == [0, 6, 7, 9]
    assert select_representative(prompts, Points(), 50).weights.tolist() == [6, 1, 2, 1]


def test_a_prompt_is_drawn_as_often_as_it_occurs() -> None:
    prompts = ["0 0"] * 9 + ["1 0"]
    drawn = [int(select_representative(prompts, Points(), 1, seed).indices[0]) for seed in range(400)]

    assert set(drawn) == {0, 9}
    assert np.mean([row == 0 for row in drawn]) == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("count", [1, 7, 60, 199, 200])
def test_as_many_as_asked_for_distinct_ascending_and_weights_that_sum_up(count: int) -> None:
    prompts, _ = blobs(4, 50, spread=5.0)
    chosen = select_representative(prompts, Points(), count, seed=3)

    assert len(chosen.indices) == len(chosen.weights) == count
    assert (np.diff(chosen.indices) > 0).all()
    assert chosen.weights.sum() == 200
    assert chosen.weights.max() - chosen.weights.min() <= 1


def test_equal_embeddings_are_no_obstacle() -> None:
    class Same:
        def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
            return np.ones((len(prompts), 3))

    assert select_representative([f"text {n}" for n in range(9)], Same(), 4).weights.tolist() == [2, 2, 2, 3]


def test_a_seed_decides_and_the_global_one_does_not() -> None:
    prompts, _ = blobs(4, 50, spread=5.0)
    np.random.seed(0)  # noqa: NPY002
    first = select_representative(prompts, Points(), 20, seed=1).indices.tolist()
    np.random.seed(1)  # noqa: NPY002

    assert select_representative(prompts, Points(), 20, seed=1).indices.tolist() == first
    assert select_representative(prompts, Points(), 20, seed=2).indices.tolist() != first


def test_a_mean_is_estimated_without_bias_and_far_better_than_by_chance() -> None:
    prompts, owner = blobs(8, 25)
    values = owner**2 + np.random.default_rng(1).normal(size=len(owner))
    errors = []
    for seed in range(60):
        chosen = select_representative(prompts, Points(), 16, seed)
        errors.append(np.average(values[chosen.indices], weights=chosen.weights) - values.mean())
    chance = np.random.default_rng(2)
    by_chance = [chance.choice(values, 16, replace=False).mean() - values.mean() for _ in range(60)]

    assert abs(np.mean(errors)) < 0.15
    assert np.std(errors) < 0.2 * np.std(by_chance)


def test_real_prompts_are_represented_better_than_by_chance(data_folder: Path) -> None:
    labels = list(read_labels(data_folder / "train/mmlu_pro_labels.jsonl.gz"))[::5]
    prompts = [label.prompt for label in labels]
    values = np.array([np.mean(list(label.scores.values())) for label in labels])
    embedder = load_router("default").embedder.static  # type: ignore[attr-defined]

    points = dict(zip(prompts, embedder.embed(prompts), strict=True))

    class Known:
        def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
            return np.array([points[prompt] for prompt in prompts])

    errors = []
    for seed in range(30):
        chosen = select_representative(prompts, Known(), 100, seed)
        errors.append(np.average(values[chosen.indices], weights=chosen.weights) - values.mean())
    chance = np.random.default_rng(0)
    by_chance = [chance.choice(values, 100, replace=False).mean() - values.mean() for _ in range(4000)]

    assert np.sqrt(np.mean(np.square(errors))) < 0.95 * np.std(by_chance)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="count is 0, expected a whole number of at least 1"):
        select_representative(["1 0"], Points(), 0)
    with pytest.raises(ValueError, match="there are no prompts"):
        select_representative([], Points(), 1)
