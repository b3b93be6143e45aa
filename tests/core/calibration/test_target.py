"""Quality targets: which values they take."""

import math
from typing import Any

import pytest

from routellm_core.calibration.target import QualityTarget


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("max_loss", 0.0),
        ("max_loss", -1),
        ("quality", 1.0),
        ("gap", 1.2),
        ("gap", math.nan),
        ("quality", True),
    ],
)
def test_targets_out_of_range_are_refused(kind: Any, value: float) -> None:
    with pytest.raises(ValueError, match=f"{kind} is {value!r}, expected a number"):
        QualityTarget(kind, value)
