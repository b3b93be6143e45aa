"""From a name, a folder or another distribution's entry point to a router."""

import pickle
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import Router, load_router, loading
from routellm_core.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)
from routellm_core.loading import DEFAULT_FOLDER, ROUTERS, registered_kinds, router_class
from routellm_core.router import Scores


class ThirdPartyRouter(Router):
    def score(self, prompts: Sequence[str]) -> Scores:
        return np.full(len(prompts), 0.25)


def test_every_registered_kind_is_a_router() -> None:
    for kind in ROUTERS:
        assert issubclass(router_class(kind), Router)


def test_a_loaded_router_knows_its_name(tmp_path: Path) -> None:
    assert load_router("default").name == "default"
    assert load_router("random").name == "random"
    load_router("random").save(tmp_path / "march")
    assert load_router(tmp_path / "march").name == "march"
    load_router("random").save(tmp_path / "march", name="my router")
    assert load_router(tmp_path / "march").name == "my router"
    assert ThirdPartyRouter().name == "ThirdPartyRouter"


def test_the_default_router_is_loaded_once_for_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []

    def slowly(folder: Path, **settings: Any) -> Checkpoint:
        loaded.append(folder)
        time.sleep(0.05)
        return read_checkpoint(folder, **settings)

    loading._default_router.cache_clear()
    monkeypatch.setattr(loading, "read_checkpoint", slowly)
    with ThreadPoolExecutor(8) as threads:
        routers = list(threads.map(load_router, ["default"] * 8))

    assert {id(router) for router in routers} == {id(load_router("default"))}
    assert loaded == [DEFAULT_FOLDER]
    assert pickle.loads(pickle.dumps(routers[0])) is routers[0]


def test_a_default_router_with_settings_is_the_callers_own() -> None:
    shared = load_router("default")
    own = load_router("default", embedder=shared.embedder)  # type: ignore[attr-defined]

    assert own is not shared
    assert load_router("default") is shared


def test_settings_reach_a_kind_that_needs_no_checkpoint() -> None:
    assert load_router("random", seed=7).score(["a"]) != load_router("random", seed=8).score(["a"])


def test_settings_are_not_shown_where_they_are_refused() -> None:
    with pytest.raises(TypeError, match=r"from the settings \['api_key'\]") as caught:
        load_router("random", api_key="sk-secret")
    assert "sk-secret" not in str(caught.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match=r"unknown router 'defualt': expected 'default', .*'random', .* or a folder"
    ):
        load_router("defualt")


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_not_the_current_folder(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name such as 'default' or a folder"):
        load_router(name)


def test_a_folder_that_holds_no_router_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is a folder without config\.json"):
        load_router(tmp_path)


def test_a_saved_router_takes_no_settings(tmp_path: Path) -> None:
    load_router("random").save(tmp_path)
    with pytest.raises(TypeError, match=r"takes no settings, got \['seed'\]"):
        load_router(tmp_path, seed=1)


def test_a_checkpoint_of_an_unknown_kind_names_it(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, Checkpoint("quantum", {}))
    with pytest.raises(CheckpointError, match="kind 'quantum', which is not registered here"):
        load_router(tmp_path)


def test_another_distribution_adds_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("third", f"{__name__}:ThirdPartyRouter", "routellm.routers")
    impostor = EntryPoint("random", f"{__name__}:ThirdPartyRouter", "routellm.routers")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point, impostor])

    assert registered_kinds()["third"].endswith(":ThirdPartyRouter")
    assert load_router("third").score(["x"]).tolist() == [0.25]
    # a name of ours can't be taken over
    assert type(load_router("random")).__name__ == "RandomRouter"


def test_what_is_registered_must_be_a_router(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROUTERS, "path", "pathlib:Path")
    with pytest.raises(TypeError, match="is not a subclass of Router"):
        router_class("path")
    with pytest.raises(ValueError, match="unknown kind of router 'nothing'"):
        router_class("nothing")


def test_a_router_of_battles_says_how_it_is_made() -> None:
    with pytest.raises(
        ValueError, match=r"'sw_ranking' can't be loaded by its name: .*routellm train sw_ranking"
    ):
        load_router("sw_ranking")
