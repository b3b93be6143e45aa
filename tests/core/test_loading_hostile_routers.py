"""Routers of other packages that panic or are interrupted while they load, and names of any characters."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from routellm_core import Router, load_router, loading
from routellm_core.checkpoints.checkpoint import Checkpoint, write_checkpoint
from routellm_core.router import Scores

from tests.core.hostile_checkpoints import (
    refused,
)


class Panic(BaseException):
    """What a library's panic looks like: no Exception."""


class PanickingRouter(Router):
    error: type[BaseException] = Panic

    def score(self, prompts: Sequence[str]) -> Scores:
        raise self.error("at the very bottom")

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> "PanickingRouter":
        return cls()


class HalfRouter(PanickingRouter):
    def score(self, prompts: Sequence[str]) -> Scores:
        return np.full(len(prompts), np.nan)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Router]], None]:
    def register(kind: type[Router]) -> None:
        monkeypatch.setitem(loading.ROUTERS, "odd", f"{__name__}:{kind.__name__}")

    return register


def test_a_panic_is_an_error_of_the_checkpoint(
    tmp_path: Path, registered: Callable[[type[Router]], None]
) -> None:
    write_checkpoint(tmp_path, Checkpoint("odd", {}))
    registered(PanickingRouter)
    refused(tmp_path, r"holds no router that can score \(Panic: at the very bottom\)")
    registered(HalfRouter)
    refused(tmp_path, r"no router that can score \(RouterError: score\(\) returned np\.float64\(nan\)")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_who_interrupts_a_load_is_obeyed(
    tmp_path: Path,
    registered: Callable[[type[Router]], None],
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    write_checkpoint(tmp_path, Checkpoint("odd", {}))
    registered(PanickingRouter)
    monkeypatch.setattr(PanickingRouter, "error", error)
    with pytest.raises(error):
        load_router(tmp_path)


@pytest.mark.parametrize("name", ["\0", "x" * 10_000, "a/" * 5_000, "\ud800", "\n"])
def test_a_name_of_any_characters(name: str) -> None:
    with pytest.raises(ValueError, match="router"):
        load_router(name)
