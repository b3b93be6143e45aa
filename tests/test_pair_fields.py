"""The settings that both adapters take are the same: in name, type and default."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
OWN = {
    "langchain_routellm": {"prompt_extractor", "trace_routing", "stop", "streaming"},
    "llamaindex_routellm": {"question_variables", "context_window", "function_calling"},
}
"""What only one host has a use for."""

MODELS = {"strong", "weak", "between"}
"""Typed by their hosts."""


def fields(adapter: str) -> dict[str, tuple[str, str]]:
    """Return name -> type and default, as they are written."""
    tree = ast.parse((ROOT / adapter / "pair_fields.py").read_text(encoding="utf-8"))
    (pair,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    found = {}
    for node in pair.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            default = node.value
            if isinstance(default, ast.Call):
                # LlamaIndex's to_dict() leaves out what JSON has no words for.
                default = next((each.value for each in default.keywords if each.arg == "default"), default)
            found[node.target.id] = ast.unparse(node.annotation), ast.unparse(default)
    return found


def test_both_adapters_take_the_same_settings() -> None:
    langchain, llamaindex = (
        {name: field for name, field in fields(adapter).items() if name not in OWN[adapter] | MODELS}
        for adapter in OWN
    )
    assert len(langchain) > 25
    assert langchain == llamaindex
