"""Import time: what core adds to numpy's, and each adapter to its host's and numpy's; as ratios."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = 9
"""Fresh processes of which the fastest counts, so that a busy machine says little."""

CASES = [
    ("routellm_core", "numpy", 60),
    ("langchain_routellm", "langchain_core.language_models.chat_models, numpy", 40),
    ("llamaindex_routellm", "llama_index.core, numpy", 40),
]
"""What is imported, beside which host, and the milliseconds that it may add on an idle machine."""

CODE = """
from time import perf_counter
start = perf_counter()
import {host}
between = perf_counter()
import {module}
print(between - start, perf_counter() - between)
"""


def seconds(host: str, module: str, bytecode: Path) -> tuple[float, float]:
    """Return the seconds that the host takes, and those that the module adds to it, compiled once before."""
    words = [sys.executable, "-W", "ignore", "-c", CODE.format(host=host, module=module)]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "PYTHONPYCACHEPREFIX": str(bytecode)}
    runs = [
        subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout
        for _ in range(1 + RUNS)
    ]
    hosts, added = zip(*(map(float, run.split()) for run in runs[1:]), strict=True)
    return min(hosts), min(added)


@pytest.mark.parametrize(("module", "host", "bound"), CASES)
def test_what_an_import_adds(module: str, host: str, bound: int, tmp_path: Path) -> None:
    for name in host.split(", "):
        pytest.importorskip(name.partition(".")[0])
    of_host, added = seconds(host, module, tmp_path)
    print(
        f"\nimport {module}: {1000 * added:.0f} ms beside {host} ({1000 * of_host:.0f} ms), "
        f"a ratio of {added / of_host:.2f}; {bound} ms at most on an idle machine"
    )
    assert added < of_host
