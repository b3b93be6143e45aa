"""A new model in a trained router: its vector alone is found, from a few results."""

import numpy as np
import pytest

from routellm_core.preferences.reading.labels import Label
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter
from routellm_core.training.factorization.new_model import with_new_model


class Numbers:
    """Embeds "0.3" as (0.3, 1)."""

    def embed(self, prompts: list[str]) -> np.ndarray:
        return np.array([[float(prompt), 1.0] for prompt in prompts])


def router() -> MatrixFactorizationRouter:
    """Five models on an arc, from weak to strong; hard prompts (large numbers) need the strong ones."""
    angles = np.linspace(-0.6, 0.6, 5)
    vectors = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    names = ["a", "b", "c", "d", "e"]
    return MatrixFactorizationRouter(
        Numbers(), names, vectors, np.array([[4.0, 2.0], [0.0, 0.0]]), strong="e", weak="a"
    )


def labels(n: int, angle: float, seed: int = 0) -> list[Label]:
    rng = np.random.default_rng(seed)
    model = router()
    texts = [f"{value:.4f}" for value in rng.uniform(-1.0, 1.0, n)]
    vector = np.array([np.sin(angle), np.cos(angle)])
    hidden = Numbers().embed(texts) @ model.projection.T
    made = []
    for text, row in zip(texts, hidden, strict=True):
        scores = {}
        for name, own in zip(model.models, model.model_vectors, strict=True):
            win = rng.random() < 1.0 / (1.0 + np.exp(row @ (own - vector)))
            scores[name] = 0.0 if win else 2.0
        made.append(Label(text, {**scores, "new": 1.0, "stranger": 7.0}))
    return made


@pytest.mark.parametrize("angle", [-0.5, 0.0, 0.5])
def test_the_new_vector_is_where_its_results_put_it(angle: float) -> None:
    more = with_new_model(router(), "new", labels(400, angle))
    found = more.model_vectors[more.models.index("new")]

    assert np.arctan2(found[0], found[1]) == pytest.approx(angle, abs=0.1)


def test_more_results_bring_it_nearer() -> None:
    def error(n: int) -> float:
        angles = []
        for seed in range(12):
            vector = with_new_model(router(), "new", labels(n, 0.5, seed)).model_vectors[-1]
            angles.append(abs(np.arctan2(vector[0], vector[1]) - 0.5))
        return float(np.mean(angles))

    assert error(100) < 0.7 * error(10)


def test_everything_else_stays_as_it_is() -> None:
    before = router()
    after = with_new_model(before, "new", labels(30, 0.3))
    prompts = ["0.1", "-0.7"]

    assert after.models == (*before.models, "new")
    assert after.score(prompts).tolist() == before.score(prompts).tolist()
    assert after.pair_scores(prompts, "d", "b").tolist() == before.pair_scores(prompts, "d", "b").tolist()
    assert after.for_pair("new", "a").score(["0.1"]) > 0.5


def test_a_model_that_won_everything_is_finite() -> None:
    won = [Label(label.prompt, {**label.scores, "new": 9.0}) for label in labels(30, 0.0)]
    vector = with_new_model(router(), "new", won).model_vectors[-1]

    assert np.isfinite(vector).all()
    assert np.arctan2(vector[0], vector[1]) > 0.6


def test_what_adds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="this router already knows model 'c'"):
        with_new_model(router(), "c", labels(5, 0.0))
    with pytest.raises(ValueError, match="no label compares 'newer' with a model that this router knows"):
        with_new_model(router(), "newer", labels(5, 0.0))
    with pytest.raises(ValueError, match="no label compares 'new' with"):
        with_new_model(router(), "new", [Label("0.1", {"new": 1.0, "stranger": 0.0})])
