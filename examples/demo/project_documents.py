"""The project's own files as LlamaIndex documents: its Markdown files, and the docstrings of its core."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from llama_index.core import Document

ROOT = Path(__file__).resolve().parents[2]


def project_documents() -> list[Document]:
    """Read the documents."""
    return [*_markdown(), *_docstrings()]


def _markdown() -> Iterator[Document]:
    for path in (*sorted(ROOT.glob("*.md")), ROOT / "core/routellm_core/default_router/MODEL_CARD.md"):
        if path.is_file() and (text := path.read_text(encoding="utf-8").strip()):
            yield Document(text=text, metadata={"file": str(path.relative_to(ROOT))})


def _docstrings() -> Iterator[Document]:
    for path in sorted((ROOT / "core/routellm_core").glob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        documented = [node for node in module.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        texts = [ast.get_docstring(module), *map(_entry, documented)]
        text = "\n\n".join(text for text in texts if text)
        if text:
            yield Document(text=text, metadata={"file": str(path.relative_to(ROOT))})


def _entry(node: ast.ClassDef | ast.FunctionDef) -> str:
    docstring = ast.get_docstring(node)
    return f"{node.name}: {docstring}" if docstring and not node.name.startswith("_") else ""
