"""One prompt without an array: the same score, and never another class's."""

from collections.abc import Sequence

import numpy as np
import pytest

from routellm_core import Router, RouterError, RoutingPolicy, RoutingRequest, load_router
from routellm_core.router import Scores
from routellm_core.routers.matrix_factorization import MatrixFactorizationRouter

from tests.core.hostile_checkpoints import small_router

PROMPTS = ["", "What is 2+2?", "日本語", "Which?\nA. one\nB. two\nAnswer:", "word " * 3000]


class Given(Router):
    def __init__(self, scores: list[float]) -> None:
        self.scores = scores

    def score(self, prompts: Sequence[str]) -> Scores:
        return np.array(self.scores)


class Halved(MatrixFactorizationRouter):
    def score(self, prompts: Sequence[str]) -> Scores:
        return 0.5 * super().score(prompts)


class Quick(Router):
    scores_inline = True
    result: float = 0.25

    def score(self, prompts: Sequence[str]) -> Scores:
        return np.full(len(prompts), self.result)

    def score_one(self, prompt: str) -> float:
        return self.result


@pytest.mark.parametrize("text", PROMPTS)
def test_one_prompt_scores_as_in_a_batch(text: str) -> None:
    router = load_router("default")

    assert router.score_one(text) == router.score([text])[0] == router.score([*PROMPTS, text])[-1]


def test_a_router_without_its_own_asks_score() -> None:
    assert Given([0.7]).score_one("anything") == 0.7


@pytest.mark.parametrize("scores", [[], [0.1, 0.2], [float("nan")], [1.5]])
def test_what_is_not_one_score_is_an_error(scores: list[float]) -> None:
    with pytest.raises(RouterError):
        Given(scores).score_one("anything")


def test_a_subclass_with_its_own_score_does_not_inherit_the_parents_score_one() -> None:
    half = Halved.from_checkpoint(small_router().to_checkpoint())

    assert half.score_one("What is 2+2?") == half.score(["What is 2+2?"])[0] < 0.4


@pytest.mark.parametrize("result", [float("nan"), -0.1, 1.1])
def test_a_quick_router_that_fails_goes_where_the_settings_say(result: float) -> None:
    router = Quick()
    router.result = result
    with pytest.warns(UserWarning, match="Quick"):
        decision = RoutingPolicy(router, 0.5, on_router_error="weak").decide(RoutingRequest("anything"))

    assert (decision.route, decision.reason, decision.score) == ("weak", "router_error", None)
