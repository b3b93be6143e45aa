"""TokenFolds: several directions in one sum give what each alone gives."""

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.embedders.token_folds import LARGEST, TokenFolds


@pytest.fixture(scope="module")
def static() -> StaticEmbedder:
    found = load_router("default").embedder.static  # type: ignore[attr-defined]
    assert isinstance(found, StaticEmbedder)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of Norway?",
        "def f(x):\n    return x ** 2",
        "Grüße, 你好",
        "a" * 8000,
        "the " * 4000,
        "x1!" * 2700,
    ],
)
def test_each_mean_is_the_embeddings_projection(static: StaticEmbedder, text: str) -> None:
    directions = np.random.default_rng(0).normal(size=(3, static.dimension))
    folds = TokenFolds(static, static.projections(directions).real.T)
    means = folds(text[:8192]) or [0.0, 0.0, 0.0]

    assert means == pytest.approx((static.embed([text])[0] @ directions.T).tolist(), abs=2e-5)
    assert (folds(text[:8192]) or [0.0, 0.0, 0.0]) == means


def test_a_text_without_known_tokens_has_no_mean(static: StaticEmbedder) -> None:
    folds = TokenFolds(static, np.ones((len(static.scales), 2)))

    assert folds("") is None
    assert folds("   \n") is None


def test_the_largest_projections_of_the_longest_text_do_not_run_over(static: StaticEmbedder) -> None:
    folds = TokenFolds(static, np.full((len(static.scales), 2), [0.99 * LARGEST, -0.99 * LARGEST]))

    assert folds("! " * 4096) == pytest.approx([0.99 * LARGEST, -0.99 * LARGEST])


def test_projections_that_do_not_fit_are_refused(static: StaticEmbedder) -> None:
    with pytest.raises(ValueError, match=r"projections has shape \(3, 2\)"):
        TokenFolds(static, np.ones((3, 2)))
    with pytest.raises(ValueError, match="not between"):
        TokenFolds(static, np.full((len(static.scales), 1), LARGEST))
