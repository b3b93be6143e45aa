"""TwoQualities: the fit is the minimum, and leaving one out is what leaving one out gives."""

import numpy as np
import pytest

from routellm_core.training.adaptation.two_qualities import Penalties, TwoQualities, fit_two_qualities

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def data(rows: int, width: int) -> Data:
    rng = np.random.default_rng(rows)
    z = rng.normal(size=(rows, width)) / np.sqrt(width)
    z -= z.mean(axis=0)
    prior = rng.normal(size=rows)
    qualities = rng.integers(2, size=(rows, 2)).astype(np.float64)
    qualities[::5, 0] = np.nan
    return z, prior, qualities, np.zeros(rows, dtype=np.bool_)


def fitted(found: Data) -> TwoQualities:
    return fit_two_qualities(*found, Penalties(shared=1.0, apart=2.0, prior=5.0))


@pytest.mark.parametrize("width", [5, 60])
def test_a_left_out_label_moves_its_logits_as_a_fit_without_it_does(width: int) -> None:
    z, prior, qualities, votes = data(40, width)
    whole = fitted((z, prior, qualities, votes))
    told, true = [], []
    for row in range(0, 40, 3):
        kept = np.arange(40) != row
        rest = fitted((z[kept], prior[kept], qualities[kept], votes[kept]))
        fresh = z[row] @ rest.weights + prior[row] * rest.prior
        now = z[row] @ whole.weights + prior[row] * whole.prior
        assert whole.left_out is not None
        told.append(whole.left_out[row] - now - whole.intercepts)
        true.append(fresh - now)
    # What the intercepts do is left aside on purpose.
    assert np.corrcoef(np.ravel(told), np.ravel(true))[0, 1] > 0.95


def test_more_numbers_than_labels_give_the_fit_that_all_of_them_give() -> None:
    z, prior, qualities, votes = data(30, 29)
    wide = np.hstack([z, np.zeros((30, 10))])

    narrow, padded = fitted((z, prior, qualities, votes)), fitted((wide, prior, qualities, votes))
    assert np.allclose(narrow.weights, padded.weights[:29], atol=1e-6)
    assert np.allclose(padded.weights[29:], 0.0, atol=1e-9)


def test_without_labels_that_speak_against_it_the_prior_stays() -> None:
    z, prior, _, votes = data(20, 5)
    fit = fit_two_qualities(z, prior, np.full((20, 2), 0.5), votes, Penalties())

    assert fit.prior[0] > 0.1
    assert fit.prior[1] < -0.1


def test_a_strong_model_that_nobody_graded_is_taken_to_be_the_better() -> None:
    z, prior, qualities, votes = data(40, 5)
    qualities[:, 0] = np.nan

    intercepts = fitted((z, prior, qualities, votes)).intercepts
    assert intercepts[0] > intercepts[1]


def test_grades_of_one_model_alone_do_not_outvote_the_prior_however_many() -> None:
    z, prior, qualities, votes = data(2000, 5)
    qualities[:, 0] = np.nan
    few = fit_two_qualities(z[:100], prior[:100], qualities[:100], votes[:100], Penalties())
    many = fit_two_qualities(z, prior, qualities, votes, Penalties())

    assert np.linalg.norm(many.weights) < 1.5 * np.linalg.norm(few.weights)
    assert many.prior[0] - many.prior[1] > 0.3
