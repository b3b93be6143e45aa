"""Ctrl-C in every command, wherever it stands: one line, the status of an interrupt, and no traceback."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType

import pytest

from routellm_core.commands.cli import COMMANDS, main

from examples.stand_in import StandInModel, StandInServer
from tests.core.commands.every_command import ARGUMENTS
from tests.tiny_models import bert_network, write_network

PLACES = 8
"""How many moments of each command are tried, evenly spaced over the functions that it calls."""


@pytest.fixture
def server() -> Iterator[StandInServer]:
    with StandInServer(
        [StandInModel("big"), StandInModel("small"), StandInModel("judge", answer="[[A]]")]
    ) as found:
        yield found


def calls_of_ours(run: Callable[[], int], interrupt_at: int | None = None) -> tuple[int, int]:
    """Run, interrupted at a call of one of our functions; return the exit status and the calls made."""
    count = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        if event == "call" and "routellm_core" in frame.f_code.co_filename:
            count += 1
            if count == interrupt_at:
                signal.raise_signal(signal.SIGINT)

    sys.setprofile(seen)
    try:
        return run(), count
    finally:
        sys.setprofile(None)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("command", ARGUMENTS)
def test_an_interrupt_is_one_line(
    command: str, server: StandInServer, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "train bert":
        pytest.importorskip("accelerate", reason="this kind needs the extra train")
        write_network(bert_network(), Path("bert"))
    words = [*command.split(), *ARGUMENTS[command]]

    def run(attempt: int) -> int:
        of_label = ["--log", f"log{attempt}.jsonl", "--base-url", server.openai_url]
        given = [f"out{attempt}" if word == "OUT" else word for word in words]
        return main([*given, *(of_label if command == "label" else [])])

    run(0)  # what is imported, and kept from then on, is no call
    status, calls = calls_of_ours(lambda: run(1))
    assert status == 0, capsys.readouterr().err
    places = 2 if command == "train bert" else PLACES  # it takes a second each time
    for place in range(places):
        capsys.readouterr()
        status, _ = calls_of_ours(partial(run, 2 + place), 2 + calls * place // places)
        said = capsys.readouterr().err.splitlines()
        assert (status, "interrupted" in said[-1]) == (130, True), said
        assert said[-1].startswith("routellm")
        assert not any("Traceback" in line or "Exception ignored" in line for line in said)


def test_no_command_is_left_out() -> None:
    assert {command.split()[0] for command in ARGUMENTS} == set(COMMANDS)
