"""What to do once a month: from the decision log to a router of your own, measured, calibrated and in use.

    python -m examples.monthly [FOLDER]

works on FOLDER/decisions.jsonl, which your application writes (`decision_log=`, `log_text=True`), and asks
the models that `OPENAI_API_KEY` opens. Without a key a stand-in server on this machine plays the models, and
a month of made-up calls is logged first: then the numbers show how the steps go together and nothing else.
"""

from __future__ import annotations

import json
import os
import random
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path

from langchain_openai import ChatOpenAI

from langchain_routellm import ChatRouteLLM
from routellm_core.commands.cli import main as routellm
from routellm_core.routing.decision_log import DecisionLog

from examples.made_up_questions import question
from examples.providers import Endpoint, openai_endpoint
from examples.stand_in.plain_answers import plain_answer
from examples.stand_in.prompt import Prompt

LOG = "decisions.jsonl"
CALLS = 300
SAMPLE = 200
"""Calls whose answers are judged; a few hundred are enough (docs/adaptation.md)."""

NO_GAIN = 4
"""Exit status of `routellm adapt --require-gain` where the new router is not better beyond doubt."""


def main() -> None:
    """Work in a folder of the user's, or in one that is gone afterwards."""
    with openai_endpoint(weak_answer=_new_to_the_product) as openai:
        print(f"{openai}\n")
        if len(sys.argv) > 1:
            _month(openai, Path(sys.argv[1]))
            return
        with tempfile.TemporaryDirectory() as folder:
            _month(openai, Path(folder))


def _month(openai: Endpoint, folder: Path) -> None:
    with chdir(folder), _key(openai):
        if not Path(LOG).exists():
            if not openai.is_stand_in:
                sys.exit(f"{folder / LOG} is missing: give the folder of your application's decision log.")
            _log_calls(openai)
        if not _recipe(openai):
            print("\nThe router in use stays: the new one is not better beyond doubt. Label more next month.")
            return
        log = DecisionLog.open(LOG, log_text=True)
        strong, weak = _models(openai)
        llm = ChatRouteLLM.from_calibration("calibration.json", strong=strong, weak=weak, decision_log=log)
        asked, _ = question(random.Random(5))
        record = llm.invoke(asked).response_metadata["routellm"]
        print(f"\nIn use from now on: router {record['router']!r}, threshold {record['threshold']:.3f}")
        log.close()


def _recipe(openai: Endpoint) -> bool:
    """Run the steps; False where there is no better router to use."""
    pair = ["--strong", openai.strong, "--weak", openai.weak]
    asked = ["--judge", openai.strong, "--base-url", openai.base_url, "--max-cost", "5"]
    files = ["--out", "battles.jsonl", "--grades-out", "grades.jsonl", "--log", "judged.jsonl"]

    _run("What did routing save, and what would other shares?", ["savings", LOG, *pair])
    sample = ["--from-log", LOG, "--sample", str(SAMPLE), "--seed", "202612"]
    _run("Have a uniform sample of the calls judged", ["label", *sample, *pair, *asked, *files])
    _halve("grades.jsonl", "learn.jsonl", "held_out.jsonl")
    learned = ["--labels", "learn.jsonl", *pair, "--out", "router", "--force", "--require-gain"]
    if _run("Make the router yours, with one half of the labels", ["adapt", *learned]) == NO_GAIN:
        return False
    both = ["--router", "default", "--router", "router"]
    _run("Compare, with the other half", ["evaluate", "--benchmark", "held_out.jsonl", *pair, *both])
    share = ["--strong-share", "0.3", *pair, "--out", "calibration.json"]
    _run("Set the threshold", ["calibrate", "--router", "router", "--from-log", LOG, *share])
    return True


def _run(title: str, words: Sequence[str]) -> int:
    print(f"\n{title}:\n$ routellm {shlex.join(words)}", flush=True)
    status = routellm(words)
    if status not in (0, NO_GAIN):
        sys.exit(status)
    return status


def _halve(labels: str, first: str, second: str) -> None:
    """Put every other label aside: what a router learned says nothing of how good it is."""
    lines = Path(labels).read_text(encoding="utf-8").splitlines(keepends=True)
    Path(first).write_text("".join(lines[::2]), encoding="utf-8")
    Path(second).write_text("".join(lines[1::2]), encoding="utf-8")


def _models(openai: Endpoint) -> tuple[ChatOpenAI, ChatOpenAI]:
    strong, weak = (
        ChatOpenAI(model=name, base_url=openai.base_url, api_key=openai.secret)
        for name in (openai.strong, openai.weak)
    )
    return strong, weak


def _log_calls(openai: Endpoint) -> None:
    """Make a month of calls, with thumbs for some of the answers."""
    log = DecisionLog.open(LOG, log_text=True)
    strong, weak = _models(openai)
    llm = ChatRouteLLM(strong=strong, weak=weak, strong_share=0.3, decision_log=log)
    draw = random.Random(12)
    for _ in range(CALLS):
        text, _ = question(draw)
        answer = llm.invoke(text)
        if draw.random() < 0.1:
            thumbs = 0.0 if "It depends" in answer.text else 1.0
            log.outcome(answer.response_metadata["routellm"]["id"], thumbs, grader="thumbs")
    log.close()
    rows = [json.loads(line) for line in Path(LOG).read_text(encoding="utf-8").splitlines()]
    print(f"A month of calls: {CALLS} decisions and {len(rows) - CALLS} outcomes in {LOG}")


def _new_to_the_product(prompt: Prompt) -> str:
    """Answer as a small model might that does not know this company's software, which no router knows."""
    is_of_the_product = "menu" in prompt.user or "find my" in prompt.user or "This query" in prompt.user
    return f"[{prompt.model}] {'It depends.' if is_of_the_product else plain_answer(prompt)}"


@contextmanager
def _key(openai: Endpoint) -> Iterator[None]:
    """Let the commands find the key where they look for it."""
    before = os.environ.get("OPENAI_API_KEY")
    os.environ["OPENAI_API_KEY"] = openai.api_key
    try:
        yield
    finally:
        if before is None:
            del os.environ["OPENAI_API_KEY"]
        else:
            os.environ["OPENAI_API_KEY"] = before


if __name__ == "__main__":
    main()
