"""The bilinear router: the folded pair, any pair, and what is refused."""

import copy
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import CheckpointError, write_checkpoint
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter

from tests.core.hostile_checkpoints import small_router

MODELS = ("large", "middle", "small")


class LengthEmbedder:
    """Embeds a text as (its length / 10, its number of words, 1)."""

    def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.array([[len(text) / 10, len(text.split()), 1.0] for text in prompts])


def router(embedder: Any = None, **changes: Any) -> MatrixFactorizationRouter:
    rng = np.random.default_rng(0)
    parts: dict[str, Any] = {
        "models": MODELS,
        "model_vectors": rng.standard_normal((3, 4)),
        "projection": rng.standard_normal((4, 3)),
        "bias": rng.standard_normal(4),
        "strong": "large",
        "weak": "small",
    } | changes
    return MatrixFactorizationRouter(embedder or LengthEmbedder(), **parts)


PROMPTS = ["", "hi", "What is the capital of France?", "word " * 300]


def test_the_score_is_the_papers_formula() -> None:
    made = router()
    vectors = made.model_vectors / np.linalg.norm(made.model_vectors, axis=1, keepdims=True)
    for prompt, score in zip(PROMPTS, made.score(PROMPTS), strict=True):
        hidden = made.projection @ LengthEmbedder().embed([prompt])[0] + made.bias
        strong, weak = vectors[0] @ hidden, vectors[2] @ hidden
        assert score == pytest.approx(1 / (1 + np.exp(weak - strong)), abs=1e-12)


def test_the_folded_pair_equals_the_unfolded_form() -> None:
    made = router()

    assert made.pair_scores(PROMPTS, "large", "small") == pytest.approx(made.score(PROMPTS), abs=1e-6)
    assert made.for_pair("middle", "small").score(PROMPTS) == pytest.approx(
        made.pair_scores(PROMPTS, "middle", "small"), abs=1e-6
    )


def test_swapping_the_models_swaps_the_win_rates() -> None:
    made = router()

    assert made.pair_scores(PROMPTS, "small", "large") == pytest.approx(1 - made.score(PROMPTS))
    assert made.pair_scores(PROMPTS, "large", "large").tolist() == [0.5] * len(PROMPTS)


def test_only_the_direction_of_a_model_vector_counts() -> None:
    vectors = router().model_vectors

    assert router(model_vectors=vectors * [[3.0], [1.0], [0.2]]).score(PROMPTS) == pytest.approx(
        router(model_vectors=vectors).score(PROMPTS)
    )


def test_extreme_logits_stay_in_range_without_a_warning() -> None:
    scores = router(projection=1e6 * router().projection).score(["word " * 1000, ""])

    assert ((scores >= 0) & (scores <= 1)).all()


def test_another_pair_has_no_quantiles_of_this_one() -> None:
    made = router().with_quantiles(np.linspace(0, 1, 11))

    assert made.score_quantiles is not None
    assert made.for_pair("middle", "small").score_quantiles is None


@pytest.mark.parametrize("role", ["strong", "weak"])
def test_an_unknown_model_is_named_beside_the_known_ones(role: str) -> None:
    message = rf"{role} is 'tiny', which this router does not know: known are \['large', 'middle', 'small'\]"
    pair = {"strong": "large", "weak": "small"} | {role: "tiny"}
    with pytest.raises(ValueError, match=message):
        router(**pair)
    with pytest.raises(ValueError, match=message):
        router().for_pair(**pair)
    with pytest.raises(ValueError, match=message):
        router().pair_scores(PROMPTS, **pair)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_vectors": np.ones((2, 4))}, r"model_vectors has shape \(2, 4\), expected \(3, d\)"),
        ({"model_vectors": np.ones(3)}, r"model_vectors has shape \(3,\)"),
        ({"model_vectors": np.zeros((3, 4))}, "a row of length 0"),
        ({"projection": np.ones((5, 3))}, r"projection has shape \(5, 3\), expected \(4, D\)"),
        ({"bias": np.ones(3)}, r"bias has shape \(3,\), expected \(4,\)"),
        ({"models": ("large", "small", "small")}, "holds a name twice"),
    ],
)
def test_weights_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        router(**changes)


def test_an_embedder_of_another_width_is_named() -> None:
    class Narrow:
        def embed(self, prompts: Sequence[str]) -> npt.NDArray[np.float64]:
            return np.ones((len(prompts), 2))

    with pytest.raises(ValueError, match=r"Narrow\.embed\(\) returned shape \(1, 2\), expected \(1, 3\)"):
        router(Narrow()).score(["x"])


def test_it_says_whether_an_event_loop_may_call_it() -> None:
    assert not router().scores_inline
    assert load_router("default").scores_inline


def test_an_embedder_that_cannot_be_saved_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="LengthEmbedder cannot be saved with the router"):
        router().save(tmp_path)


def test_copies_and_pickles_score_the_same() -> None:
    default = load_router("default")
    for made in (router(), default):
        for twin in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert (twin.score(PROMPTS) == made.score(PROMPTS)).all()
    assert len(pickle.dumps(default)) < 200


def test_saved_and_loaded_scores_are_equal(tmp_path: Path) -> None:
    default = load_router("default")
    default.save(tmp_path / "mine")
    loaded = load_router(tmp_path / "mine")

    assert (loaded.score(PROMPTS) == default.score(PROMPTS)).all()
    assert (pickle.loads(pickle.dumps(loaded)).score(PROMPTS) == default.score(PROMPTS)).all()
    assert loaded.name == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strong": "tiny"}, "strong is 'tiny', which this router does not know"),
        ({"models": "large"}, "models is 'large', expected a list"),
        ({"models": ["large"]}, r"'model_vectors' has shape"),
        ({"embedder": {"kind": "oracle"}}, "the embedder is of kind 'oracle', known are"),
        ({"embedder": "prompt"}, "the embedder is of kind None"),
        ({"embedder": {"kind": "prompt"}}, "the surface features are None"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    whole = small_router().to_checkpoint()
    settings = dict(whole.settings) | change
    write_checkpoint(tmp_path, type(whole)(whole.router, settings, whole.tensors, whole.files))

    with pytest.raises(CheckpointError, match=message):
        load_router(tmp_path)
