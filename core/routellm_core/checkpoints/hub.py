"""Hub: a pinned revision of a repository on the Hugging Face Hub, as a folder on this machine."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

from routellm_core.checkpoints.checkpoint import CheckpointError
from routellm_core.checkpoints.redaction import without_secrets

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")

_COMMIT = re.compile(r"[0-9a-f]{40}")

_FILES = ("*.json", "*.safetensors", "*.txt", "*.model")
"""The files of a router. Pickled weights are neither fetched nor loaded."""


class UnpinnedWarning(UserWarning):
    """A repository on the Hub is loaded without a commit, so its content may change."""


def is_hub_id(source: str) -> bool:
    """Return whether a text has the form "owner/name" or "owner/name@revision"."""
    return _HUB_ID.fullmatch(source) is not None


def download(
    repository: str,
    revision: str | None = None,
    *,
    sha256: Mapping[str, str] | None = None,
    repo_type: str = "model",
) -> Path:
    """Fetch a repository's JSON, safetensors and text files, or find them where they were fetched before.

    Args:
        repository: "owner/name".
        revision: a commit, which pins the content, or a tag or branch; None for the newest.
        sha256: file -> digest that it must have.
        repo_type: "model" or "dataset".

    Returns:
        The folder, in the Hub's own cache.

    Raises:
        CheckpointError: the Hub can't be reached, it lacks the revision, or a file is not the expected one.

    Warns:
        UnpinnedWarning: the revision is not a commit.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ImportError("fetching from the Hub needs a package: pip install huggingface_hub") from error
    pinned = repository if revision is None else f"{repository}@{revision}"
    try:
        folder = snapshot_download(
            repository, revision=revision, repo_type=repo_type, allow_patterns=list(_FILES)
        )
    except Exception as error:
        # Besides its own errors, the library passes on those of its HTTP client.
        reason = without_secrets(" ".join(f"{type(error).__name__}: {error}".split()))
        raise CheckpointError(
            f"{pinned} can't be fetched from the Hugging Face Hub, and is not in its cache here ({reason}). "
            "Without a network, fetch its files on another machine and give the folder: "
            "load_router('folder')."
        ) from error
    for name, expected in (sha256 or {}).items():
        _verify(Path(folder) / name, expected, pinned)
    if revision is None or not _COMMIT.fullmatch(revision):
        _warn_unpinned(pinned, Path(folder).name)
    return Path(folder)


def _warn_unpinned(source: str, commit: str) -> None:
    # The cache's folders are named by their commits.
    known = commit if _COMMIT.fullmatch(commit) else "<commit>"
    warnings.warn(
        f"{source} is not pinned: anyone who can write to it decides what is loaded next time. Give "
        f"revision={known!r} to load this content and no other.",
        UnpinnedWarning,
        stacklevel=4,
    )


def _verify(path: Path, expected: str, pinned: str) -> None:
    if not path.is_file():
        raise CheckpointError(f"{pinned} came without {path.name}: {path} is missing. Fetch it again.")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise CheckpointError(
            f"{path}, from {pinned}, is not the published file: its SHA-256 is {found}, expected {expected}. "
            "Delete it and fetch it again."
        )
