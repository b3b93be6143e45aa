"""What importing costs and needs; each import happens in a Python of its own."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
ADAPTERS = {
    "langchain_routellm": "langchain_core.language_models",
    "llamaindex_routellm": "llama_index.core.llms",
}
NEVER_LOADED = {"torch", "transformers", "sentence_transformers", "openai", "matplotlib"}
CORE_NEVER_LOADED = NEVER_LOADED | {
    "tokenizers",
    "safetensors",
    "pydantic",
    "langchain_core",
    "llama_index",
    "tiktoken",
    "huggingface_hub",
    "sqlite3",
}
# Of the standard library, what takes 20 ms and more, and is imported where it is first needed.
LOADED_LATER = {"asyncio", "email", "ssl", "subprocess"}

# The child writes down what it opens and connects to while `watching`, code and "<unknown>" left out.
WATCH = """
import json, sys
opened, watching = [], False

def watch(event, args):
    if not watching:
        return
    if event == "open" and not str(args[0]).startswith("<"):
        if not str(args[0]).endswith((".py", ".pyc", ".so", ".pyd")):
            opened.append(f"open {args[0]}")
    if event.startswith(("socket.", "subprocess.", "urllib.", "os.mkdir", "os.putenv")):
        opened.append(f"{event} {args}")

sys.addaudithook(watch)
"""

BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""


def python(code: str, cwd: Path = ROOT) -> Any:
    """Run code in a fresh Python and return what it gave `report`."""
    script = "import json\nreport = lambda value: print('\\0' + json.dumps(value))\n" + code
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, cwd=cwd, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("\0")[2])


def needs(adapter: str) -> None:
    framework = ADAPTERS[adapter].split(".")[0]
    if find_spec(framework) is None:
        pytest.skip(f"{adapter} needs {framework}")


def tops(modules: list[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


def loaded_by(package: str, after: str = "sys") -> set[str]:
    code = f"import sys, {after}\nbefore = set(sys.modules)\nimport {package}\n"
    modules: list[str] = python(code + "report(sorted(set(sys.modules) - before))")
    return tops(modules)


def opened_by(package: str) -> list[str]:
    """Return the I/O of a package's own modules: of a second import, when what they import is there."""
    code = f"""{WATCH}
import {package}
for name in [name for name in sys.modules if name.split(".")[0] in ({package!r}, "routellm_core")]:
    del sys.modules[name]
watching = True
import {package}
watching = False
report(opened)
"""
    opened: list[str] = python(code)
    return opened


def test_the_core_loads_numpy_and_nothing_heavier() -> None:
    loaded = loaded_by("routellm_core")

    assert "numpy" in loaded
    assert loaded & (CORE_NEVER_LOADED | LOADED_LATER) == set()
    foreign = loaded - set(sys.stdlib_module_names) - {"routellm_core", "numpy"}
    assert {name for name in foreign if find_spec(name) is not None} == set()


def test_importing_the_core_does_no_io() -> None:
    assert opened_by("routellm_core") == []


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_loads_nothing_heavy_and_does_no_io(adapter: str) -> None:
    needs(adapter)
    loaded = loaded_by(adapter, after=ADAPTERS[adapter])

    assert adapter in loaded
    assert loaded & NEVER_LOADED == set()
    assert opened_by(adapter) == []


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_does_not_load_the_other_framework(adapter: str) -> None:
    needs(adapter)
    (other,) = set(ADAPTERS) - {adapter}

    assert loaded_by(adapter) & {other, ADAPTERS[other].split(".")[0]} == set()


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_without_the_other_framework_an_adapter_and_the_core_still_work(adapter: str) -> None:
    needs(adapter)
    (other,) = set(ADAPTERS) - {adapter}
    blocked = {"langchain_core", "langchain"} if other == "langchain_routellm" else {"llama_index"}
    code = f"""
BLOCKED = {blocked!r}
{BLOCK}
import routellm_core, {adapter}
try:
    import {other}
except ModuleNotFoundError as error:
    report([{adapter}.__all__, error.name])
"""
    names, missing = python(code)

    assert set(names) - {"__version__"}
    assert missing.split(".")[0] in blocked


def test_without_both_frameworks_and_every_optional_package_the_core_decides() -> None:
    code = f"""
BLOCKED = {CORE_NEVER_LOADED!r}
{BLOCK}
from routellm_core import RoutingPolicy, RoutingRequest, load_router
report(RoutingPolicy(load_router("random"), 0.0).decide(RoutingRequest("text")).record()["route"])
"""
    assert python(code) == "strong"


def test_core_is_a_folder_and_no_package() -> None:
    assert not (ROOT / "core" / "__init__.py").exists()


@pytest.mark.parametrize(
    ("adapter", "framework", "extra"),
    [
        ("langchain_routellm", "langchain_core", "routellm-plugins[langchain]"),
        ("llamaindex_routellm", "llama_index", "routellm-plugins[llamaindex]"),
    ],
)
def test_without_its_framework_an_adapter_names_the_extra(adapter: str, framework: str, extra: str) -> None:
    code = f"import sys; sys.modules[{framework!r}] = None; import {adapter}"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert f"ImportError: {adapter} needs" in found.stderr
    assert extra in found.stderr
