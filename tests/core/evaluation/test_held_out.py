"""CPT held out: chosen on one half, measured on the other."""

import numpy as np
import pytest

from routellm_core.evaluation.held_out import cpt_held_out


def test_a_threshold_from_half_of_the_prompts_does_on_the_rest_what_it_did() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    scores = rng.random(n)
    gain = (rng.random(n) < scores).astype(float)  # PGR(c) = 1 − (1 − c)²
    found = cpt_held_out(scores, np.zeros(n), gain, 0.5)

    assert found.share == pytest.approx(1 - 0.5**0.5, abs=0.02)
    assert found.pgr == pytest.approx(0.5, abs=0.02)


def test_a_router_by_chance_is_overrated_by_its_own_half() -> None:
    recovered = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scores, gain = rng.random(60), rng.normal(0.5, 1.0, 60)
        gain += 0.5 - gain.mean()
        recovered.append(cpt_held_out(scores, np.zeros(60), gain, 0.5).pgr)

    # the first crossing is luck: on the half that chose, it is 0.5 at least
    assert np.mean(recovered) < 0.49


@pytest.mark.parametrize("target", [0.0, -0.5, 1.5, float("nan")])
def test_targets_that_no_threshold_has_are_refused(target: float) -> None:
    with pytest.raises(ValueError, match="target is"):
        cpt_held_out([0.1, 0.2], [0, 0], [1, 1], target)


def test_too_few_prompts_with_a_gap_are_refused() -> None:
    with pytest.raises(ValueError, match="2 prompts are too few"):
        cpt_held_out([0.1, 0.2], [0.0, 1.0], [2.0, 0.0], 0.5)
