"""Published routers: their layouts are recognised by their files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from routellm_core.checkpoints.published_router import PublishedRouter


@pytest.fixture
def layout(tmp_path: Path) -> Callable[..., Path]:
    def write(config: Any = None, tensors: list[str] | None = None) -> Path:
        if config is not None:
            (tmp_path / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
        if tensors is not None:
            save_file({name: np.ones(2, np.float32) for name in tensors}, tmp_path / "model.safetensors")
        return tmp_path

    return write


BY_TENSORS = PublishedRouter("a/b", "0" * 40, "x:Y", tensors=("P.weight", "Q.weight"))


BY_ARCHITECTURE = PublishedRouter("a/b", "0" * 40, "x:Y", architecture="ForSequenceClassification")


@pytest.mark.parametrize(
    ("published", "config", "tensors", "fits"),
    [
        (BY_TENSORS, None, ["P.weight", "bias"], True),
        (BY_TENSORS, {"architectures": ["X"]}, ["Q.weight"], True),
        (BY_TENSORS, None, ["weight"], False),
        (BY_TENSORS, {"architectures": ["X"]}, None, False),
        (BY_ARCHITECTURE, {"architectures": ["XLMRobertaForSequenceClassification"]}, None, True),
        (BY_ARCHITECTURE, {"architectures": ["LlamaForCausalLM"]}, ["P.weight"], False),
        (BY_ARCHITECTURE, {"architectures": "ForSequenceClassification"}, None, False),
        (BY_ARCHITECTURE, "not JSON", None, False),
        (BY_ARCHITECTURE, "[1]", None, False),
        (BY_ARCHITECTURE, None, None, False),
    ],
)
def test_a_layout_is_told_by_its_files(
    layout: Callable[..., Path], published: PublishedRouter, config: Any, tensors: Any, fits: bool
) -> None:
    assert published.fits(layout(config, tensors)) is fits
