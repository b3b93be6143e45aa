"""Few labels: what is measured of draws of labels, on a small source and on the real one."""

import json
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.paper_tables.few_label_sources import LabelledSource, read_vectors
from routellm_core.paper_tables.few_labels import FewLabelFitter, few_labels, main
from routellm_core.training.adaptation.adaptation import shipped_tokens
from routellm_core.training.adaptation.two_qualities import Penalties

from tests.core.labelled_prompts import labelled


def test_the_mean_over_draws_beside_the_base_and_length() -> None:
    labels = labelled(300, easy_fail=True)
    source = LabelledSource(
        "made up",
        [label.prompt for label in labels],
        np.array([label.scores["big"] for label in labels]),
        np.array([label.scores["small"] for label in labels]),
    )
    vectors = read_vectors([source], shipped_tokens(), load_router("default"))
    fitter = FewLabelFitter("default", Penalties())
    found = few_labels([source], vectors, 60, 6, fitter)

    assert found.adapted > 0.65 > 0.5 > found.base
    assert (found.harm, found.below) == (0.0, 0.0)
    assert 0.0 < found.error < 0.03
    assert few_labels([source], vectors, 60, 6, fitter) == found


def test_few_labels_of_word_problems_beat_what_ships(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(data_folder), "--source", "gsm8k", "--labels", "300", "--draws", "8", "--json"]
    assert main(arguments) == 0
    (row,) = json.loads(capsys.readouterr().out)

    assert row["adapted"] > 0.615
    assert row["adapted"] > row["base"] + 0.01
    assert row["harm"] <= 0.125


def test_a_picture_is_drawn(data_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need the extra plot")
    picture = tmp_path / "few.svg"
    arguments = ["--data", str(data_folder), "--source", "gsm8k", "--labels", "20", "--draws", "2"]
    assert main([*arguments, "--plot", str(picture)]) == 0

    assert "prompt length" in picture.read_text()
