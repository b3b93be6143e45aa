"""The published matrix factorization checkpoint: what `routellm/mf_gpt4_augmented` and its siblings hold.

One safetensors file: `P.weight` (64, d), a vector for each Arena model; `text_proj.0.weight` (d, D), which
projects a prompt's embedding; `classifier.0.weight` (1, d). No biases; d is 128 and D is 1536 in the released
ones, read with text-embedding-3-small.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

from routellm_core.checkpoints.checkpoint import TENSOR_FILE, Checkpoint, CheckpointError
from routellm_core.checkpoints.files import read_tensor_file

_NAMES = """
    RWKV-4-Raven-14B alpaca-13b chatglm-6b chatglm2-6b chatglm3-6b claude-1 claude-2.0 claude-2.1
    claude-instant-1 codellama-34b-instruct deepseek-llm-67b-chat dolly-v2-12b dolphin-2.2.1-mistral-7b
    falcon-180b-chat fastchat-t5-3b gemini-pro gemini-pro-dev-api gpt-3.5-turbo-0125 gpt-3.5-turbo-0314
    gpt-3.5-turbo-0613 gpt-3.5-turbo-1106 gpt-4-0125-preview gpt-4-0314 gpt-4-0613 gpt-4-1106-preview
    gpt4all-13b-snoozy guanaco-33b koala-13b llama-13b llama-2-13b-chat llama-2-70b-chat llama-2-7b-chat
    llama2-70b-steerlm-chat mistral-7b-instruct mistral-7b-instruct-v0.2 mistral-medium
    mixtral-8x7b-instruct-v0.1 mpt-30b-chat mpt-7b-chat nous-hermes-2-mixtral-8x7b-dpo oasst-pythia-12b
    openchat-3.5 openchat-3.5-0106 openhermes-2.5-mistral-7b palm-2 pplx-70b-online pplx-7b-online
    qwen-14b-chat qwen1.5-4b-chat qwen1.5-72b-chat qwen1.5-7b-chat solar-10.7b-instruct-v1.0
    stablelm-tuned-alpha-7b starling-lm-7b-alpha stripedhyena-nous-7b tulu-2-dpo-70b vicuna-13b vicuna-33b
    vicuna-7b wizardlm-13b wizardlm-70b yi-34b-chat zephyr-7b-alpha zephyr-7b-beta
"""

ARENA_MODELS = tuple(_NAMES.split())
"""The rows of `P.weight`: the 64 models of the Arena battles, in the order of their characters' codes."""

STRONG, WEAK = "gpt-4-1106-preview", "mixtral-8x7b-instruct-v0.1"
"""The pair of the published thresholds, rows 24 and 36."""

_VECTORS, _PROJECTION, _CLASSIFIER = "P.weight", "text_proj.0.weight", "classifier.0.weight"
TENSORS = (_VECTORS, _PROJECTION, _CLASSIFIER)


@dataclass(frozen=True)
class PublishedFactorization:
    """The weights in this project's form.

    Attributes:
        model_vectors: shape (64, d), float64, in the order of `ARENA_MODELS`, lengths as stored.
        projection: shape (d, D), float64, the classifier folded in.
    """

    model_vectors: npt.NDArray[np.float64]
    projection: npt.NDArray[np.float64]


def read_published_factorization(folder: str | PathLike[str]) -> PublishedFactorization:
    """Read a published checkpoint from `folder`.

    Raises:
        CheckpointError: the file is missing or damaged, or a tensor is missing, misshapen or not of this
            layout.
    """
    tensors = read_tensor_file(Path(folder) / TENSOR_FILE)
    unknown = sorted(tensors.keys() - set(TENSORS))
    if unknown:
        # A bias, for example, would be silently left out of the scores.
        raise CheckpointError(
            f"{folder}: {TENSOR_FILE} holds {unknown}, which a published matrix factorization checkpoint "
            f"does not have: expected {list(TENSORS)}."
        )
    checkpoint = Checkpoint("matrix_factorization", {}, tensors, origin=str(folder))
    vectors = checkpoint.tensor(_VECTORS, (len(ARENA_MODELS), None)).astype(np.float64)
    projection = checkpoint.tensor(_PROJECTION, (vectors.shape[1], None)).astype(np.float64)
    classifier = checkpoint.tensor(_CLASSIFIER, (1, vectors.shape[1])).astype(np.float64)
    # c · (v ⊙ T e) = v · (diag(c) T e)
    projection *= classifier.T
    return PublishedFactorization(vectors, projection)
