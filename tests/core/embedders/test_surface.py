"""Surface features: what they count, and that no text breaks them."""

import numpy as np
import pytest

from routellm_core.embedders.standardisation import CLIP
from routellm_core.embedders.surface import (
    FEATURES,
    SurfaceFeatures,
    asks_for_answer_at_once,
    question_of,
    raw_features,
)
from routellm_core.embedders.text import clipped

EXAM = "What is 12 + 30 (in %)?\nA. 41\nB. 42\nC. 43\nD. 44\nAnswer:"


def feature(text: str, name: str) -> float:
    return float(raw_features(text)[FEATURES.index(name)])


def test_the_question_is_what_stands_before_the_options() -> None:
    assert question_of(EXAM) == "What is 12 + 30 (in %)?"
    assert question_of("Why?\n(A) this\n(B) that") == "Why?"
    assert question_of("Why?\nA) this\nB) that") == "Why?"
    for text in ("Plan:\nA. Start\nand go on", "No options. A. B. C.", "", "\nB. second\nA. first"):
        assert question_of(text) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("characters", np.log1p(23)),
        ("brackets", np.log1p(2)),
        ("currency_and_percent", np.log1p(1)),
        ("longest_number", np.log1p(2)),
        ("non_ascii_share", 0.0),
        ("options_flag", 1.0),
        ("mean_option_length", np.log1p(32 / 4)),
        ("option_digit_share", 8 / 33),
    ],
)
def test_features_describe_the_question_without_its_options(name: str, value: float) -> None:
    assert feature(EXAM, name) == pytest.approx(value)


def test_characters_beyond_ascii_count_once_each() -> None:
    assert feature("日本語", "non_ascii_share") == pytest.approx(3 / 4)
    assert feature("née 🙂", "non_ascii_share") == pytest.approx(2 / 6)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("0123456789", 10),
        ("12.345", 3),
        ("a1b22c", 2),
        ("-7", 1),
        ("2\n2", 1),
        ("é1é", 1),
        ("٣٣ ½", 0),
        ("none", 0),
    ],
)
def test_the_longest_number_is_a_run_of_the_ten_digits(text: str, digits: int) -> None:
    assert feature(text, "longest_number") == pytest.approx(np.log1p(digits))


def test_without_options_their_features_are_zero() -> None:
    names = ("options_flag", "mean_option_length", "option_digit_share")
    assert [feature("What is 12?\nA. only one", name) for name in names] == [0.0, 0.0, 0.0]


def test_the_folded_form_gives_the_same_projection() -> None:
    features = SurfaceFeatures.from_prompts(["What is this?", EXAM, "hello"])
    direction = np.linspace(-1.0, 2.0, len(FEATURES))
    texts = ["", EXAM, "日本語", "9" * 1000, "Is it 5 $ (or 7 %)?"]

    folded = [features.folded(direction.tolist())(clipped(text), len(text)) for text in texts]

    assert folded == pytest.approx((features.embed(texts) @ direction).tolist())


def test_length_is_the_whole_texts_even_where_only_a_part_is_read() -> None:
    assert feature("x" * 1_000_000, "characters") == pytest.approx(np.log1p(1_000_000))


@pytest.mark.parametrize(
    ("text", "at_once"),
    [
        (EXAM, True),
        ("Why?\nanswer: ", True),
        ("Why?\nAnswer :\n", True),
        ("Answer: because", False),
        ("Why? Explain your answer.", False),
        ("", False),
    ],
)
def test_the_cue_is_at_the_end(text: str, at_once: bool) -> None:
    assert asks_for_answer_at_once(text) is at_once


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0\x01", "\ud800", "日本語", "🏳️‍🌈", "9" * 100_000, "\nA. " * 20_000, "?" * 1_000_000, "१२३"],
)
def test_any_text_has_bounded_features(text: str) -> None:
    features = SurfaceFeatures.from_prompts(["What is this?", EXAM, "hello"])
    row = features.embed([text])

    assert row.shape == (1, len(FEATURES))
    assert np.isfinite(row).all()
    assert np.abs(row).max() <= CLIP


def test_standardised_features_have_mean_zero_and_spread_one() -> None:
    prompts = [f"{'word ' * k}{k}?" for k in range(1, 40)]
    rows = SurfaceFeatures.from_prompts(prompts).embed(prompts)

    assert np.abs(rows.mean(axis=0)).max() < 0.1
    assert rows.std(axis=0)[FEATURES.index("characters")] == pytest.approx(1.0, abs=0.1)
    assert SurfaceFeatures.from_prompts(prompts).embed([]).shape == (0, len(FEATURES))


def test_parts_that_do_not_fit_are_refused() -> None:
    fine = np.ones(len(FEATURES))
    with pytest.raises(ValueError, match=r"centre has shape \(3,\)"):
        SurfaceFeatures(fine[:3], fine)
    with pytest.raises(ValueError, match="spread holds a value that is not above 0"):
        SurfaceFeatures(fine, 0 * fine)
