"""Hardware: the device and precision of a fine-tuning. Needs the extra `train`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from routellm_core.training.fine_tuning.settings import FineTuningSettings


@dataclass(frozen=True)
class Hardware:
    """One GPU, or the CPU.

    Attributes:
        gpu: whether it is a GPU, the first of those that the process sees.
        bfloat16: whether products are in bfloat16; weights and sums stay in float32.
    """

    gpu: bool
    bfloat16: bool

    @classmethod
    def chosen(cls, settings: FineTuningSettings) -> Hardware:
        """Return the requested hardware, after checking that this machine has it.

        Raises:
            ValueError: the settings require a GPU, or bfloat16 on it, and this machine lacks it.
        """
        there = torch.cuda.is_available()
        if settings.device == "cuda" and not there:
            raise ValueError("device is 'cuda', but torch finds no GPU here: give 'cpu', or leave it out.")
        gpu = there and settings.device != "cpu"
        able = not gpu or torch.cuda.is_bf16_supported()
        if settings.precision == "bfloat16" and not able:
            raise ValueError("precision is 'bfloat16', which this GPU does not support: give 'float32'.")
        # Automatic only on a GPU, where it is faster: a CPU without instructions for it is slower with it.
        wanted = gpu if settings.precision == "auto" else settings.precision == "bfloat16"
        return cls(gpu=gpu, bfloat16=able and wanted)

    def arguments(self) -> dict[str, Any]:
        """Return the corresponding fields of transformers' TrainingArguments."""
        return {"use_cpu": not self.gpu, "bf16": self.bfloat16, "dataloader_pin_memory": self.gpu}
