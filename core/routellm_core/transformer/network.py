"""Network: a transformers model and its tokenizer, from a folder, from a checkpoint's files, and back.

The weights are safetensors, everything else is JSON or text; nothing is fetched unless the caller names a
model of the Hub, and no code of a checkpoint is run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from routellm_core.checkpoints.checkpoint import Checkpoint, CheckpointError
from routellm_core.checkpoints.files import read_json
from routellm_core.checkpoints.hosts import HUB
from routellm_core.transformer.network_folder import check_folder

Task = Literal["sequence_classification", "causal_lm"]

PREFIX = "network."
"""Prefix of the network's files in a router's checkpoint, which has a `config.json` of its own."""

_CLASSES = {
    "sequence_classification": "AutoModelForSequenceClassification",
    "causal_lm": "AutoModelForCausalLM",
}
_CONFIG = "config.json"
_WEIGHTS = "model.safetensors"
_ADAPTER = "adapter_config.json"
_ADAPTER_WEIGHTS = "adapter_model.safetensors"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
_ONE_SHARD = "1000GB"
_REMEDY = "Fetch the checkpoint again, or train the router again."


def torch_modules() -> tuple[Any, Any]:
    """Return the modules torch and transformers.

    Raises:
        ImportError: names the extra.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise ImportError(
            "routers of the kinds bert and causal_llm need an extra: pip install 'routellm-plugins[torch]'"
        ) from error
    return torch, transformers


@dataclass(frozen=True)
class Network:
    """A model with its tokenizer.

    Attributes:
        model: a transformers model; typed Any, because its class differs between checkpoints and versions.
        tokenizer: the tokenizer it was trained with.
    """

    model: Any
    tokenizer: Any

    @classmethod
    def from_folder(
        cls,
        folder: str | PathLike[str],
        task: Task,
        *,
        tokenizer: str | PathLike[str] | None = None,
        dtype: str | None = None,
        complete: bool = True,
        origin: str | None = None,
        allow_hosts: Collection[str] = (),
        **config: Any,
    ) -> Network:
        """Read a transformers folder: config.json, safetensors, tokenizer; LoRA adapters are merged.

        Args:
            folder: the folder, or a model's name on the Hub (which is then fetched).
            task: which head the model has.
            tokenizer: a folder or name to read the tokenizer from instead.
            dtype: such as "bfloat16"; None keeps the type of the stored weights.
            complete: False before training, when the head's weights need not be in the files.
            origin: the folder's name in errors.
            allow_hosts: with "huggingface.co", the base model that an adapter names is fetched from there;
                else it is a folder, or in the Hub's cache already.
            config: values that replace those of the model's own configuration.

        Raises:
            ImportError: names the missing extra.
            CheckpointError: a file is missing or damaged, or weights don't fit the configuration.
        """
        _, transformers = torch_modules()
        source = str(folder)
        origin = origin or source
        local = Path(folder).is_dir()
        dtype = dtype or "auto"
        if local and not (Path(folder) / _CONFIG).is_file() and not (Path(folder) / _ADAPTER).is_file():
            raise CheckpointError(f"{origin} holds no {_CONFIG}: it is not a transformers model. {_REMEDY}")
        if (
            tokenizer is None
            and local
            and not any((Path(folder) / name).is_file() for name in _TOKENIZER_FILES)
        ):
            raise CheckpointError(
                f"{origin} holds no tokenizer ({' or '.join(_TOKENIZER_FILES)}): "
                "give tokenizer=, a folder or the name of the model it was trained from."
            )
        if local:
            check_folder(Path(folder), origin)
        try:
            with quiet_transformers():
                words = transformers.AutoTokenizer.from_pretrained(
                    str(tokenizer or source),
                    local_files_only=Path(tokenizer or source).is_dir(),
                    trust_remote_code=False,
                )
                if local and (Path(folder) / _ADAPTER).is_file():
                    return cls(_merged_adapter(source, dtype, may_fetch=HUB in allow_hosts), words)
                model, loading = getattr(transformers, _CLASSES[task]).from_pretrained(
                    source,
                    local_files_only=local,
                    dtype=dtype,
                    use_safetensors=True,
                    trust_remote_code=False,
                    ignore_mismatched_sizes=True,  # they are named below
                    output_loading_info=True,
                    **config,
                )
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise CheckpointError(f"{origin} can't be loaded ({_first_line(error)}). {_REMEDY}") from error
        _check_weights(model, loading, origin, complete)
        return cls(model, words)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, task: Task) -> Network:
        """Make the network that `to_files` described.

        Raises:
            ImportError: names the missing extra.
            CheckpointError: a file is missing or damaged, or weights don't fit the configuration.
        """
        checkpoint.file(PREFIX + _CONFIG)
        checkpoint.file(PREFIX + _WEIGHTS)
        with tempfile.TemporaryDirectory() as folder:
            for name, content in checkpoint.files.items():
                if name.startswith(PREFIX):
                    (Path(folder) / name.removeprefix(PREFIX)).write_bytes(content)
            return cls.from_folder(folder, task, origin=checkpoint.origin, allow_hosts=checkpoint.allow_hosts)

    def to_files(self) -> dict[str, bytes]:
        """Return file name -> content, for a router's checkpoint; each name begins with `PREFIX`.

        This holds a second copy of the weights in memory: 16 GB for 8 billion in bfloat16.
        """
        with tempfile.TemporaryDirectory() as folder, quiet_transformers():
            self.model.save_pretrained(folder, max_shard_size=_ONE_SHARD)
            self.tokenizer.save_pretrained(folder)
            found = {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}
        return {PREFIX + name: content for name, content in sorted(found.items())}

    def on_device(self, device: str | None) -> Network:
        """Move the model to `device` (None: the GPU where there is one) and switch it to inference."""
        torch, _ = torch_modules()
        chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.model.to(chosen).eval()
        return self


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep the library from drawing progress bars and listing what it loads on stderr."""
    _, transformers = torch_modules()
    log = transformers.utils.logging
    bars, level = log.is_progress_bar_enabled(), log.get_verbosity()
    log.disable_progress_bar()
    log.set_verbosity_error()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def _merged_adapter(origin: str, dtype: str, *, may_fetch: bool) -> Any:
    try:
        from peft import AutoPeftModelForCausalLM
    except ImportError as error:
        raise ImportError(
            f"{origin} holds a LoRA adapter, which needs an extra: pip install 'routellm-plugins[train]'"
        ) from error
    described = read_json(Path(origin) / _ADAPTER)
    base = described.get("base_model_name_or_path") if isinstance(described, dict) else None
    if not isinstance(base, str) or not (Path(origin) / _ADAPTER_WEIGHTS).is_file():
        raise CheckpointError(
            f"{origin} holds an adapter without its {_ADAPTER_WEIGHTS}, or without the base model's name."
        )
    try:
        adapted: Any = AutoPeftModelForCausalLM.from_pretrained(
            origin, dtype=dtype, local_files_only=Path(base).is_dir() or not may_fetch
        )
    except OSError as error:
        raise CheckpointError(
            f"{Path(origin) / _ADAPTER} names the base model {base!r}, which is neither a folder nor in the "
            f"Hub's cache here: to have it fetched, load_router(..., allow_hosts=[{HUB!r}])."
        ) from error
    return adapted.merge_and_unload()


def _check_weights(model: Any, loading: Mapping[str, Any], origin: str, complete: bool) -> None:
    torch, _ = torch_modules()
    body = f"{model.base_model_prefix}."
    for kind, text in (
        ("missing_keys", "the weights lack"),
        ("mismatched_keys", "the configuration has another shape for"),
    ):
        names = sorted(
            str(entry[0] if isinstance(entry, tuple) else entry) for entry in loading.get(kind, ())
        )
        if not complete:
            # Training creates the head; many encoders are stored without the pooler, which is part of it.
            names = [name for name in names if name.startswith(body) and "pooler" not in name]
        if names:
            raise CheckpointError(f"{origin}: {text} {names[:5]} ({len(names)} in all). {_REMEDY}")
    for name, tensor in model.named_parameters():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{origin}: the weight {name!r} holds NaN or infinity. {_REMEDY}")


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
