"""A router that holds another: saved and loaded as one, and refused if the inner one is another."""

import json
import shutil
from pathlib import Path

import pytest

from routellm_core import load_router
from routellm_core.checkpoints import CheckpointError
from routellm_core.training.adaptation import adapt

from tests.core.labelled_prompts import labelled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    adapt(labelled(20), strong="big", weak="small").save(tmp_path / "outer")
    return tmp_path / "outer"


def test_the_inner_router_keeps_its_name(folder: Path) -> None:
    assert load_router(folder).base.name == "default"  # type: ignore[attr-defined]


def test_a_missing_inner_router_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "base")

    with pytest.raises(CheckpointError, match="the inner router 'base' is missing"):
        load_router(folder)


def test_another_inner_router_is_refused(folder: Path) -> None:
    load_router("random", seed=1).save(folder / "base")

    with pytest.raises(CheckpointError, match="is not the router that"):
        load_router(folder)


@pytest.mark.parametrize("name", ["../outer", "a/b", "..", "."])
def test_an_inner_router_lies_inside(folder: Path, name: str) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["inner"] = {name: "0" * 64}
    (folder / "config.json").write_text(json.dumps(config))

    with pytest.raises(CheckpointError):
        load_router(folder)


def test_a_folder_inside_itself_ends(folder: Path) -> None:
    shutil.rmtree(folder / "base")
    (folder / "base").symlink_to(folder)

    with pytest.raises(CheckpointError, match="inside more than"):
        load_router(folder)


def test_the_name_is_no_part_of_the_fingerprint(folder: Path) -> None:
    router = load_router(folder)
    router.save(folder.parent / "other", name="other")

    assert load_router(folder.parent / "other").fingerprint == router.fingerprint
