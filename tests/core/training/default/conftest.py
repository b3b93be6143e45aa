"""The data folder that trainings of the default router are tested on."""

from pathlib import Path

import pytest

from tests.core.training.default.invented_data import invented_data


@pytest.fixture
def small_data(tmp_path: Path) -> Path:
    return invented_data(tmp_path)
