"""Network folder: checks on a transformers folder before the library reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from routellm_core.checkpoints.files import CheckpointError, read_json, tensor_header
from routellm_core.checkpoints.plain_file import MOST_CONFIG_BYTES, opened_plain

_WEIGHT_FILES = "*.safetensors"
_DEPTHS = ("num_hidden_layers", "num_layers", "n_layer", "encoder_layers", "decoder_layers")

_MOST_TIMES, _MOST_BEYOND = 3, 50 * 2**20
"""Limit on a network's size: a multiple of its weight files, plus a constant in bytes."""

_BYTES_PER_WEIGHT = 4


def check_folder(folder: Path, origin: str) -> None:
    """Reject a folder with anything but plain files, or with weights too small for the network it describes.

    Raises:
        CheckpointError: names the file.
    """
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            continue
        try:
            with opened_plain(path):
                pass
        except OSError as error:
            raise CheckpointError(f"{path} can't be read ({error.strerror}).") from error
    files = sorted(folder.glob(_WEIGHT_FILES))
    if (folder / "config.json").is_file() and files:
        _check_size(folder / "config.json", files, origin)


def _check_size(path: Path, files: list[Path], origin: str) -> None:
    # The library creates each missing weight, of whatever size the configuration gives.
    config = read_json(path)
    weights = sum(map(_count, files))
    for name, value in _numbers(config):
        if name in _DEPTHS and value > weights:
            raise CheckpointError(
                f"{origin}: {path.name} asks for {name} {value}, with {weights} weights in the files."
            )
    if not isinstance(config, dict) or "auto_map" in config:
        raise CheckpointError(f"{origin}: {path.name} asks for code of its own, which is not run.")
    _check_bytes(config, files, origin)


def _check_bytes(config: dict[str, Any], files: list[Path], origin: str) -> None:
    import torch
    import transformers

    settings = {name: value for name, value in config.items() if name != "quantization_config"}
    make: Any = transformers.AutoModel.from_config
    try:
        with torch.device("meta"):
            network = make(transformers.AutoConfig.for_model(**settings))
    except Exception as error:
        raise CheckpointError(f"{origin}: config.json describes no network ({error}).") from error
    held = [*network.parameters(), *network.buffers()]
    needed = _BYTES_PER_WEIGHT * sum(tensor.numel() for tensor in held)
    allowed = _MOST_TIMES * sum(path.stat().st_size for path in files) + _MOST_BEYOND
    if needed > allowed:
        raise CheckpointError(
            f"{origin}: config.json asks for a network of {needed} bytes, its files have room for {allowed}."
        )


def _count(path: Path) -> int:
    try:
        with opened_plain(path) as stream:
            return len(tensor_header(stream.read(MOST_CONFIG_BYTES + 8)))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not a safetensors file ({error}).") from error


def _numbers(config: Any) -> Iterator[tuple[str, int]]:
    if isinstance(config, dict):
        for name, value in config.items():
            if isinstance(value, int):
                yield name, value
            else:
                yield from _numbers(value)
