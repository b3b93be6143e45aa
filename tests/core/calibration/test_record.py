"""A calibration's file: saved, read, and checked against what it is used with."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from routellm_core import load_router
from routellm_core.calibration.record import Calibration, CalibrationWarning
from routellm_core.routers.random_router import RandomRouter

from tests.routers import FixedRouter


def test_a_calibration_saves_and_loads(tmp_path: Path) -> None:
    calibration = Calibration(
        router="default",
        threshold=0.1 + 0.2,
        strong_share=0.3,
        prompts=7,
        fingerprint="abc",
        strong="big",
        weak="small",
        target={"max_loss": 0.02, "confidence": 0.9},
        statement="With probability ...",
        score_quantiles=(0.1, 0.1, 1 / 3),
    )
    calibration.save(tmp_path / "calibration.json")

    assert Calibration.load(tmp_path / "calibration.json") == calibration


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": 2}, "threshold in .* is 2, expected a number in"),
        ({"threshold": None}, "threshold in .* is None"),
        ({"strong_share": "much"}, "strong_share in .* is 'much'"),
        ({"prompts": "many"}, "prompts in .* is 'many', expected a count"),
        ({"router": 7}, "is not a calibration"),
        ({"fingerprint": 7}, "fingerprint in .* is 7, expected text"),
        ({"strong": ["a"]}, r"strong in .* is \['a'\], expected text"),
        ({"target": 0.3}, "target in .* is 0.3, expected names and numbers"),
        ({"target": {"gap": "much"}}, "target in .* expected names and numbers"),
        ({"score_quantiles": 0.3}, "score_quantiles in .* is 0.3, expected a list"),
        ({"score_quantiles": [0.1, 7]}, "a number of score_quantiles in .* is 7"),
        ({"score_quantiles": [0.3, 0.1]}, "score_quantiles in .* is not in ascending order"),
        ({"format_version": 99}, "format_version 99; this version reads 1: upgrade"),
    ],
)
def test_a_damaged_calibration_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "calibration.json"
    Calibration(router="default", threshold=0.5).save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    with pytest.raises(ValueError, match=message):
        Calibration.load(path)


def test_another_router_is_refused_and_the_same_one_is_not(tmp_path: Path) -> None:
    calibration = Calibration("random", 0.5, fingerprint=RandomRouter(seed=1).fingerprint)
    RandomRouter(seed=1).save(tmp_path / "saved")

    calibration.check_router(RandomRouter(seed=1))
    calibration.check_router(load_router(tmp_path / "saved"))
    Calibration("mine", 0.5).check_router(FixedRouter(0.5))
    with pytest.raises(
        ValueError, match=r"made with a different router: its fingerprint is .*calibrate again"
    ):
        calibration.check_router(RandomRouter(seed=2))
    with pytest.raises(ValueError, match="that of router 'FixedRouter' is unknown"):
        calibration.check_router(FixedRouter(0.5))


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ("gpt-4o", True),
        ("openai:GPT-4o", True),
        ("openai/gpt-4o", True),
        (None, True),
        ("gpt-4o-mini", False),
    ],
)
def test_another_model_is_warned_of(given: str | None, fits: bool) -> None:
    calibration = Calibration("default", 0.5, strong="gpt-4o")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        calibration.check_models(given, "anything")

    assert [w.category for w in warned] == [CalibrationWarning] * (not fits)
    if not fits:
        assert "made for strong model 'gpt-4o', and strong is 'gpt-4o-mini'" in str(warned[0].message)


@pytest.mark.parametrize("text", ["", "nonsense", "[1]", '{"threshold": 0.5}', "\ufeff{}"])
def test_what_is_no_calibration_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ValueError, match="routellm calibrate"):
        Calibration.load(path)
