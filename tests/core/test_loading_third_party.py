"""A router of another distribution, found by its entry point: by its name, and on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROUTER = '''
import numpy as np
from routellm_core import Router


class LengthRouter(Router):
    """Scores a prompt by its length: 0.5 at 200 characters."""

    scores_inline = True

    def score(self, prompts):
        lengths = np.array([len(prompt) for prompt in prompts], dtype=float)
        return lengths / (lengths + 200)
'''

ENTRY_POINTS = """
[routellm.routers]
length = length_router:LengthRouter
broken = length_router:NoSuchRouter
"""

PROMPTS = ["x" * 200, "x" * 600]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a child needs to find the distribution: as pip leaves one, in a folder of the search path."""
    site = tmp_path / "site"
    described = site / "length_router-1.0.dist-info"
    described.mkdir(parents=True)
    (site / "length_router.py").write_text(ROUTER)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: length-router\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(ENTRY_POINTS)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])}


def test_it_is_loaded_by_its_name(environment: dict[str, str]) -> None:
    code = """
from routellm_core import load_router
from routellm_core.settings import resolve_router
router = resolve_router("length")
print(router.name, router.score(["x" * 200, "x" * 600]).tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "length [0.5, 0.75]"


@pytest.mark.parametrize(
    ("name", "code", "printed"),
    [
        ("length", 0, '{"score": 0.5}\n{"score": 0.75}\n'),
        ("broken", 2, ""),
        ("lengthy", 2, ""),
    ],
)
def test_the_command_line_knows_it(
    environment: dict[str, str], tmp_path: Path, name: str, code: int, printed: str
) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS))
    command = [
        sys.executable,
        "-m",
        "routellm_core.commands.cli",
        "score",
        "--router",
        name,
        "--json",
        str(prompts),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (code, printed)
    assert "Traceback" not in done.stderr
    if name == "lengthy":
        assert "expected 'default', 'adapted', 'additive', 'bert', 'broken'" in done.stderr
        assert "'length'" in done.stderr
    if name == "broken":
        assert "length_router:NoSuchRouter" in done.stderr
