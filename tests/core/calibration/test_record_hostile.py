"""A calibration is data: any bytes are refused in plain words, and it fetches nothing."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from routellm_core.calibration.record import Calibration
from routellm_core.pair.calibrated_pair import settings_from_calibration

GOOD: dict[str, Any] = {"format_version": 1, "router": "default", "threshold": 0.5}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 50_000 + b"]" * 50_000,
        b"[" * 200_000,
        b'{"threshold": ' + b"9" * 5000 + b"}",
        b" " * (2**20 + 1),
        b"[]",
        b"null",
    ],
)
def test_any_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "calibration.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"calibration\.json"):
        Calibration.load(path)


@pytest.mark.parametrize(
    "field", [*GOOD, "strong_share", "prompts", "fingerprint", "target", "score_quantiles"]
)
@pytest.mark.parametrize("value", [[], {"a": []}, 10**400, float("nan"), -1, "\ud800", True])
def test_any_value_is_refused_or_harmless(tmp_path: Path, field: str, value: Any) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({**GOOD, field: value}))
    with suppress(ValueError):
        assert 0.0 <= Calibration.load(path).threshold <= 1.0


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "calibration.json")
    with pytest.raises(ValueError, match=r"calibration\.json can't be read \(it is a pipe"):
        Calibration.load(tmp_path / "calibration.json")


def test_a_router_on_the_hub_is_named_by_the_caller_or_not_fetched() -> None:
    calibration = Calibration("somebody/router", 0.5)
    with pytest.raises(ValueError, match="give router='somebody/router' as well"):
        settings_from_calibration(calibration, {})

    assert settings_from_calibration(calibration, {"router": "random"})["router"] == "random"
