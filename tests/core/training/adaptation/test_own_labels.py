"""OwnLabels: what is gathered of labels and battles, and what is refused."""

import numpy as np
import pytest

from routellm_core.preferences.reading.battles import Battle
from routellm_core.preferences.reading.labels import Label
from routellm_core.preferences.reading.records import DataError
from routellm_core.training.adaptation.own_labels import own_labels

from tests.core.labelled_prompts import labelled

PAIR = {"strong": "big", "weak": "small"}


def test_labels_of_one_prompt_are_averaged_and_counted() -> None:
    labels = labelled(12)
    doubt = Label(
        labels[0].prompt, {"big": 1.0 - labels[0].scores["big"], "small": labels[0].scores["small"]}
    )
    own = own_labels([*labels, doubt], **PAIR)

    assert own.repeated == 1
    assert own.strong[own.prompts.index(doubt.prompt)] == 0.5


def test_scores_of_any_scale_lie_between_0_and_1() -> None:
    own = own_labels(
        [Label(x.prompt, {m: 20 * s - 7 for m, s in x.scores.items()}) for x in labelled(12)], **PAIR
    )

    assert own.scale == (-7.0, 13.0)
    assert set(own.weak.tolist()) == {0.0, 1.0}


def test_a_vote_is_read_for_the_strong_model_on_either_side() -> None:
    battles = [
        Battle(f"{n}", *("big", "small")[:: 1 - 2 * (n % 2)], ("model_a", "tie")[n in (3, 5)])
        for n in range(12)
    ]
    own = own_labels(battles, **PAIR)

    for n in range(12):
        row = own.prompts.index(str(n))
        assert own.strong[row] == (0.5 if n in (3, 5) else 1.0 - n % 2)
    assert np.allclose(own.strong + own.weak, 1.0)
    assert own.votes.all()


def test_rows_of_other_models_are_counted_and_left_out() -> None:
    others = [Label("x", {"huge": 1.0}), Battle("y", "huge", "small", "tie")]
    own = own_labels([*labelled(12), *others], **PAIR)

    assert len(own.prompts) == 12
    assert own.counts["labels of other models, left out"] == 1
    assert own.counts["battles of other models, left out"] == 1


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (labelled(9), "9 distinct prompts .* expected 10 at least"),
        ([labelled(1)[0]] * 50, "1 distinct prompts"),
        (
            [Label(x.prompt, {"big": 1.0, "small": 0.0}) for x in labelled(20)],
            "all 20 labels rate .* alike",
        ),
        (
            [Label(x.prompt, {"small": 1.0}) for x in labelled(20)],
            "all 20 labels rate .* alike",
        ),
        ([Label(x.prompt, {"big": x.scores["small"], "small": 1.0}) for x in labelled(20)], "swapped"),
        (
            [Label(x.prompt, {"huge": 1.0, "tiny": 0.0}) for x in labelled(20)],
            "occurs in no row: .* 'huge', 'tiny'",
        ),
        ([Battle(x.prompt, "small", "big", "model_a") for x in labelled(20)], "swapped"),
        ([Battle(x.prompt, "small", "huge", "model_a") for x in labelled(20)], "strong is 'big'"),
        ([], "occurs in no row"),
    ],
)
def test_labels_that_say_nothing_are_refused(labels: list[Label | Battle], message: str) -> None:
    with pytest.raises(DataError, match=message):
        own_labels(labels, **PAIR)


def test_one_model_twice_is_refused() -> None:
    with pytest.raises(DataError, match="strong and weak are both 'big'"):
        own_labels(labelled(20), strong="big", weak="big")
