"""HybridRouter: the reader is asked near the threshold alone, and shares keep their meaning."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.calibration.share import threshold_for_share
from routellm_core.pair.routing_state import RoutingState
from routellm_core.reader import HybridRouter, ReaderRouter, ReaderWarning
from routellm_core.router import quantile_grid
from routellm_core.routing.policy import RoutingPolicy
from routellm_core.routing.request import RoutingRequest
from routellm_core.settings import RoutingSettings

from tests.core.scripted_reader import ScriptedReader
from tests.routers import KeywordRouter

BASE = load_router("random", seed=4)
PROMPTS = [f"question {number}" for number in range(400)]
SCORES = BASE.score(PROMPTS)


def hybrid(
    band: float = 0.2, rule: str | None = None, **around: float
) -> tuple[HybridRouter, ScriptedReader]:
    asked = ScriptedReader() if rule is None else ScriptedReader(lambda text: rule)
    return HybridRouter(
        BASE, ReaderRouter(asked, base=BASE), band, **(around or {"strong_share": 0.3})
    ), asked


def test_the_reader_is_asked_about_the_band_alone() -> None:
    router, asked = hybrid()
    scores = router.score(PROMPTS)
    inside = (SCORES >= 0.5) & (SCORES <= 0.9)

    assert sorted(asked.asked) == sorted(p for p, read in zip(PROMPTS, inside, strict=True) if read)
    assert router.asks(PROMPTS).tolist() == inside.tolist()
    assert scores[~inside].tolist() == SCORES[~inside].tolist()
    assert ((scores[inside] >= 0.5) & (scores[inside] <= 0.9)).all()
    order = [int(asked.rule(prompt)) for prompt, read in zip(PROMPTS, inside, strict=True) if read]
    ranks = np.array(order)[scores[inside].argsort()]
    assert (np.diff(ranks) >= 0).all()


def test_a_band_of_nothing_is_the_base_and_one_of_all_the_reader() -> None:
    none, asked = hybrid(0.0)
    assert none.score(PROMPTS).tolist() == SCORES.tolist()
    assert asked.asked == []

    everything, asked = hybrid(1.0)
    reader = ReaderRouter(ScriptedReader(), base=BASE)
    assert everything.score(PROMPTS) == pytest.approx(reader.score(PROMPTS))
    assert len(asked.asked) == len(PROMPTS)


def test_a_high_rating_goes_to_strong_and_a_low_one_to_weak_in_the_band_alone() -> None:
    threshold = threshold_for_share(BASE, 0.3)
    strong = {rule: hybrid(0.2, rule)[0].score(PROMPTS) >= threshold for rule in ("0", "100")}

    assert strong["0"].tolist() == (SCORES > 0.9).tolist()
    assert strong["100"].tolist() == (SCORES >= 0.5).tolist()


def test_a_share_stays_about_what_was_asked() -> None:
    router, _ = hybrid()
    fitted = HybridRouter(BASE, router.reader.fitted(PROMPTS), 0.2, strong_share=0.3)

    assert router.score_quantiles is not None
    assert router.score_quantiles.tolist() == quantile_grid().tolist()
    share = (fitted.score(PROMPTS) >= threshold_for_share(fitted, 0.3)).mean()
    assert share == pytest.approx((SCORES >= 0.7).mean(), abs=0.05)


def test_a_threshold_says_the_same_as_the_share_that_it_stands_for() -> None:
    by_threshold, _ = hybrid(threshold=threshold_for_share(BASE, 0.3))
    by_share, _ = hybrid(strong_share=0.3)

    assert by_threshold.centre == pytest.approx(by_share.centre, abs=0.002)


@pytest.mark.parametrize(("share", "ends"), [(0.0, (0.8, 1.0)), (1.0, (0.0, 0.2)), (0.1, (0.7, 1.0))])
def test_at_the_edge_the_band_is_cut(share: float, ends: tuple[float, float]) -> None:
    router, _ = hybrid(strong_share=share)
    inside = SCORES[router.asks(PROMPTS)]

    assert ends[0] <= inside.min()
    assert inside.max() <= ends[1]


def test_shares_can_be_those_of_your_own_prompts() -> None:
    default = load_router("default")
    words = (load_router.__doc__ or "").split()
    own = [f"What does {' '.join(words[at : at + 4])} mean?" for at in range(150)]
    reader = ReaderRouter(ScriptedReader())
    shipped = HybridRouter(default, reader, 0.2, strong_share=0.3)
    fitted = HybridRouter.from_prompts(default, reader, own, 0.2, strong_share=0.3)

    assert fitted.asks(own).mean() == pytest.approx(0.4, abs=0.05)
    assert abs(shipped.asks(own).mean() - 0.4) > 0.05
    assert (default.score(own) >= threshold_for_share(fitted, 0.3)).mean() == pytest.approx(0.3, abs=0.02)
    keyword = HybridRouter.from_prompts(KeywordRouter("hard"), reader, ["a", "hard"], strong_share=0.5)
    assert keyword.score_quantiles is not None
    with pytest.raises(ValueError, match="prompts is empty"):
        HybridRouter.from_prompts(default, reader, [], strong_share=0.3)


async def test_without_a_rating_the_bases_score_stands() -> None:
    router, _ = hybrid(rule="perhaps 40")
    with pytest.warns(ReaderWarning):
        assert router.score(PROMPTS).tolist() == SCORES.tolist()
    assert (await router.ascore(PROMPTS)).tolist() == SCORES.tolist()


def test_where_the_base_knows_no_difference_the_reader_does() -> None:
    default = load_router("default")
    own = [f"What is {number} plus {number * 7}?" for number in range(50)]
    assert len(set(default.score(own).tolist())) == 1
    asked = ScriptedReader(lambda text: text.split()[2])
    router = HybridRouter.from_prompts(default, ReaderRouter(asked), own, 0.5, strong_share=0.5)

    assert (np.diff(router.score(own)) > 0).all()


def test_what_was_read_for_another_hybrid_moves_nothing_outside_the_band() -> None:
    reader = ReaderRouter(ScriptedReader(), base=BASE)
    HybridRouter(BASE, reader, 1.0, strong_share=0.3).score(PROMPTS)
    narrow = HybridRouter(BASE, reader, 0.1, strong_share=0.3)
    outside = ~narrow.asks(PROMPTS)

    assert narrow.score(PROMPTS)[outside].tolist() == SCORES[outside].tolist()


@pytest.mark.parametrize(
    ("threshold", "warned"),
    [(0.95, True), (0.2, True), (0.7, False), (0.5, False), (0.9, False), (0.0, False)],
)
def test_a_pair_whose_threshold_lies_outside_the_band_is_warned(threshold: float, warned: bool) -> None:
    settings = RoutingSettings.checked({"router": hybrid()[0], "threshold": threshold})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        RoutingState(settings)

    assert [each.category for each in told] == [ReaderWarning] * warned
    assert all("0.5 to 0.9: no reading decides" in str(each.message) for each in told)


def test_of_several_tiers_one_threshold_in_the_band_is_enough(recwarn: pytest.WarningsRecorder) -> None:
    hybrid()[0].check_thresholds((0.3, 0.8))
    assert list(recwarn) == []
    with pytest.warns(ReaderWarning, match=r"the threshold 0\.1 and 0\.95 lies outside"):
        hybrid()[0].check_thresholds((0.1, 0.95))


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_a_pair_with_the_same_share_is_not(share: float, recwarn: pytest.WarningsRecorder) -> None:
    router = HybridRouter(BASE, ReaderRouter(ScriptedReader(), base=BASE), 0.01, strong_share=share)
    RoutingState(RoutingSettings.checked({"router": router, "strong_share": share}))

    assert list(recwarn) == []


def test_prompts_decided_by_a_rule_are_not_read() -> None:
    router, asked = hybrid(1.0)
    policy = RoutingPolicy(router, 0.5)
    policy.decide(RoutingRequest("question 1", route="weak"))
    assert asked.asked == []
    policy.decide(RoutingRequest("question 1"))
    policy.decide(RoutingRequest("question 1"))
    assert asked.asked == ["question 1"]


def test_the_explanation_names_the_rating_inside_the_band_alone() -> None:
    router, _ = hybrid(rule="100")
    inside = PROMPTS[int(np.abs(SCORES - 0.6).argmin())]
    outside = PROMPTS[int(SCORES.argmin())]

    assert [part.name for part in router.explain(inside).parts] == ["scripted rates it 100"]
    assert router.explain(outside).parts == ()


def test_wrong_settings_are_refused_by_name() -> None:
    reader = ReaderRouter(ScriptedReader(), base=BASE)
    with pytest.raises(ValueError, match="exactly one of strong_share="):
        HybridRouter(BASE, reader)
    with pytest.raises(ValueError, match="exactly one of strong_share="):
        HybridRouter(BASE, reader, strong_share=0.3, threshold=0.5)
    with pytest.raises(ValueError, match=r"band is 20, expected a number in \[0, 1\]"):
        HybridRouter(BASE, reader, 20, strong_share=0.3)
    with pytest.raises(ValueError, match=r"'KeywordRouter' ships no score quantiles.*from_prompts"):
        HybridRouter(KeywordRouter("hard"), reader, strong_share=0.3)
    for make in (
        lambda: HybridRouter("default", reader, strong_share=0.3),  # type: ignore[arg-type]
        lambda: HybridRouter.from_prompts("default", reader, PROMPTS, strong_share=0.3),  # type: ignore[arg-type]
        lambda: ReaderRouter(ScriptedReader(), base="default"),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match="base is str, expected a Router, such as load_router"):
            make()
    with pytest.raises(TypeError, match="reader is RandomRouter, expected a ReaderRouter"):
        HybridRouter(BASE, BASE, strong_share=0.3)  # type: ignore[arg-type]
