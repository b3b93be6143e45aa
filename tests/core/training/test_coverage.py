"""Coverage of a training set: its prompts are known, and others are placed."""

from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.routers.additive import AdditiveRouter
from routellm_core.training.coverage import coverage_of


class Plane:
    """Embeds "angle" as that direction, and anything else as nothing."""

    def embed(self, prompts: list[str]) -> np.ndarray:
        angles = [float(text) if text.lstrip("-").replace(".", "").isdigit() else None for text in prompts]
        return np.array([[0.0, 0.0] if a is None else [np.cos(a), np.sin(a)] for a in angles])


def test_training_prompts_are_known_and_others_are_not() -> None:
    prompts = [str(angle) for angle in np.linspace(0.0, 1.0, 50)]
    coverage = coverage_of([*prompts, *prompts], Plane().embed([*prompts, *prompts]))

    assert coverage.holds([prompts[7], f"  {prompts[7]}\n", "another", ""]).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert len(coverage.hashes) == 50


def test_held_out_prompts_say_what_is_near() -> None:
    rng = np.random.default_rng(0)
    prompts = [str(angle) for angle in rng.uniform(0.0, 1.0, 3000)]
    coverage = coverage_of(prompts, Plane().embed(prompts), seed=3)

    assert coverage.similarities.shape == (101,)
    assert (np.diff(coverage.similarities) >= 0.0).all()
    assert coverage.similarities[0] > 0.99
    assert coverage.similarity(Plane().embed(["2.5"])) < 0.2
    assert np.linalg.norm(coverage.centroids, axis=1) == pytest.approx(1.0, abs=1e-3)


def test_nearness_is_that_of_prompts_that_made_no_centroid() -> None:
    rng = np.random.default_rng(1)
    prompts = [f"prompt {number}" for number in range(250)]
    embeddings = rng.standard_normal((250, 50))
    coverage = coverage_of(prompts, embeddings)

    # each kept prompt is its own centroid here; the held-out ones are as near as chance brings them
    assert np.median(coverage.similarity(embeddings)) > 0.99
    assert 0.3 < coverage.similarities[50] < 0.6


def test_prompts_that_nothing_is_known_of_are_refused() -> None:
    with pytest.raises(ValueError, match="prompts holds 1 texts with an embedding"):
        coverage_of(["0.5", "nothing", "at all"], Plane().embed(["0.5", "nothing", "at all"]))


def test_it_is_saved_and_loaded_with_the_router(tmp_path: Path) -> None:
    router = load_router("default")
    assert isinstance(router, AdditiveRouter)
    trained = ["What is 2+2?", "Prove it.", "Say hello."]
    other = router.with_coverage(coverage_of(trained, np.asarray(router.embedder.embed(trained))))
    other.save(tmp_path / "mine")
    loaded = load_router(tmp_path / "mine")

    assert loaded.coverage is not None
    assert loaded.coverage.holds(["Prove it.", "Never seen."]).tolist() == [True, False]
    prompts = ["What is 2+2?", "Wie geht es dir?"]
    # centroids are stored in half precision
    assert loaded.training_similarity(prompts) == pytest.approx(other.training_similarity(prompts), abs=2e-3)
    assert other.fingerprint == loaded.fingerprint != router.fingerprint
