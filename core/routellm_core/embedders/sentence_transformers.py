"""SentenceTransformersEmbedder: a prompt's embedding by a sentence-transformers model on this machine.

Differs from `static.py` in that a whole network reads the prompt: better embeddings, milliseconds instead of
microseconds, and torch. Needs the extra `sentence-transformers`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from routellm_core.checkpoints.checkpoint import Checkpoint
from routellm_core.checkpoints.files import CheckpointError, read_json
from routellm_core.checkpoints.hosts import HUB
from routellm_core.checkpoints.plain_file import opened_plain
from routellm_core.checkpoints.redaction import without_secrets
from routellm_core.embedders.embedder import (
    EmbedderError,
    EmbedderParts,
    Embeddings,
    check_embeddings,
    stored_settings,
)
from routellm_core.embedders.text import MOST_CHARACTERS_PER_TOKEN, valid_unicode
from routellm_core.routing.validation import check_count

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

_FINGERPRINTED = ("*.json", "*.safetensors", "*.txt", "*.model")


class SentenceTransformersEmbedder:
    """Embeds prompts with any sentence-transformers model; it is loaded at the first prompt.

    Prompts of similar length are batched together, by the library itself. One thread embeds at a time.
    """

    kind = "sentence_transformers"

    scores_inline = False
    """Milliseconds: an event loop leaves it to a thread."""

    def __init__(
        self,
        model: str | PathLike[str] = DEFAULT_MODEL,
        *,
        revision: str | None = None,
        device: str | None = None,
        batch_size: int = 32,
        normalize: bool = True,
        fingerprint: str | None = None,
    ) -> None:
        """Store the settings.

        Args:
            model: a folder, or a name on the Hugging Face Hub.
            revision: the commit, tag or branch of a name on the Hub; a commit pins the embeddings.
            device: such as "cpu" or "cuda"; None for the best there is.
            batch_size: prompts in one pass through the network, at least 1.
            normalize: whether embeddings are brought to length 1.
            fingerprint: of a folder, what `folder_fingerprint` must return when the model is loaded; None for
                no check. A loaded router sets it, so that it never scores with other files.

        Raises:
            ValueError: a setting is not what was expected.
        """
        if not str(model).strip():
            raise ValueError(f"model is {str(model)!r}, expected a folder or a name on the Hugging Face Hub.")
        check_count(batch_size, "batch_size")
        self.model = str(model)
        self.revision = revision
        self.device = device
        self.batch_size = batch_size
        self.normalize = bool(normalize)
        self.fingerprint = fingerprint
        self._may_fetch = True
        self._loaded: SentenceTransformer | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r}, revision={self.revision!r})"

    def embed(self, prompts: Sequence[str]) -> Embeddings:
        """Embed prompts; shape (n, d), float32, finite; (0, 0) for none, for which no model is loaded.

        A prompt longer than the model reads is cut at its end. Batches of different sizes may differ in the
        last bits.

        Raises:
            ImportError: the package sentence-transformers is missing; names the extra.
            EmbedderError: the model can't be loaded, or its embeddings are not finite.
        """
        if not prompts:
            return np.zeros((0, 0), dtype=np.float32)
        # A tokenizer keeps its padding as a state, which two threads may not change ("Already borrowed"); and
        # a model need not be loaded twice.
        with self._lock:
            model = self._loaded = self._loaded or self._load()
            limit = MOST_CHARACTERS_PER_TOKEN * (model.max_seq_length or 1 << 20)
            embedded = model.encode(
                [valid_unicode(prompt[:limit]) for prompt in prompts],
                batch_size=self.batch_size,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=self.normalize,
            )
        return check_embeddings(
            embedded, (len(prompts), None), f"the sentence-transformers model {self.model!r}"
        )

    def to_parts(self) -> EmbedderParts:
        """Describe this embedder for a router's checkpoint: by name, or by folder and its fingerprint.

        Device and batch size are not part of it: the machine that loads it has its own.
        """
        folder = Path(self.model)
        settings = {
            "model": str(folder.resolve()) if folder.is_dir() else self.model,
            "revision": self.revision,
            "normalize": self.normalize,
            "fingerprint": folder_fingerprint(folder) if folder.is_dir() else None,
        }
        return EmbedderParts(self.kind, settings)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> SentenceTransformersEmbedder:
        """Make the embedder that `to_parts` described.

        A model that the file names is fetched from the Hub only if "huggingface.co" is among the hosts that
        the caller allows; else it has to be in the Hub's cache already.

        Raises:
            CheckpointError: its settings are not those of this class.
        """
        settings = stored_settings(checkpoint, ("model", "revision", "normalize", "fingerprint"))
        for name, value in settings.items():
            if value is not None and not isinstance(value, bool if name == "normalize" else str):
                raise CheckpointError(f"{checkpoint.origin}: {name} of the embedder is {value!r}.")
        with checkpoint.reading("embedder"):
            embedder = cls(**settings)
        embedder._may_fetch = HUB in checkpoint.allow_hosts
        return embedder

    def _load(self) -> SentenceTransformer:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ImportError(
                "the sentence-transformers embedder needs an extra: "
                "pip install 'routellm-plugins[sentence-transformers]'"
            ) from error
        folder = Path(self.model)
        if (
            self.fingerprint is not None
            and folder.is_dir()
            and folder_fingerprint(folder) != self.fingerprint
        ):
            raise EmbedderError(
                f"{folder} holds another model than the one the router was trained with: restore its files, "
                "or train the router again."
            )
        _check_modules(folder)
        try:
            # A folder needs no network, and must not be looked up there either.
            return SentenceTransformer(
                self.model,
                device=self.device,
                revision=self.revision,
                local_files_only=folder.is_dir() or not self._may_fetch,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:
            fetch = (
                "Without network, give a folder that holds it."
                if self._may_fetch
                else f"It is not fetched, since a file names it: load_router(..., allow_hosts=[{HUB!r}]), or "
                "give embedder=."
            )
            raise EmbedderError(
                f"the sentence-transformers model {self.model!r} can't be loaded "
                f"({type(error).__name__}: {without_secrets(str(error))}). {fetch}"
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded model out of copies and pickles; it is loaded again from its name or folder."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_loaded", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _loaded=None, _lock=Lock())


def _check_modules(folder: Path) -> None:
    """Refuse a folder whose modules are code of its own, which older versions of the library would run."""
    path = folder / "modules.json"
    if not path.exists():
        return
    try:
        modules = read_json(path)
    except CheckpointError as error:
        raise EmbedderError(str(error)) from error
    kinds = [module.get("type") if isinstance(module, dict) else None for module in modules or ()]
    foreign = [kind for kind in kinds if not str(kind).startswith("sentence_transformers.")]
    if foreign:
        raise EmbedderError(f"{path} names {foreign}: only modules of sentence_transformers are loaded.")


def folder_fingerprint(folder: Path) -> str:
    """Return a digest of the weights, settings and vocabularies in a folder, names included."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _FINGERPRINTED for path in folder.rglob(pattern)}):
        with opened_plain(path) as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()
