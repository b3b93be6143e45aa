"""What a calibration says of the settings of a pair."""

import pytest

from routellm_core.calibration.record import Calibration
from routellm_core.loading import PUBLISHED
from routellm_core.pair.calibrated_pair import settings_from_calibration


@pytest.mark.parametrize("router", [*PUBLISHED, "somebody/router", "somebody/router@main"])
def test_a_file_alone_fetches_no_router(router: str) -> None:
    found = Calibration(router, 0.5)
    with pytest.raises(ValueError, match=f"'{router}' on the Hugging Face Hub.*give router='{router}'"):
        settings_from_calibration(found, {})
    assert settings_from_calibration(found, {"router": router}) == {"router": router, "threshold": 0.5}


def test_a_router_on_this_machine_is_taken_as_it_is_named() -> None:
    assert settings_from_calibration(Calibration("default", 0.4), {"sticky": None}) == {
        "router": "default",
        "threshold": 0.4,
        "sticky": None,
    }
