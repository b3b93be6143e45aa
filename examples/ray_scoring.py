"""A corpus scored by Ray Data on two workers, by the same batches that run without Ray.

Run it with `python -m examples.ray_scoring [FILE]`; it needs `pip install -e ".[ray]"` and no key. On a
cluster, `ray.init()` without arguments finds the cluster, and `ray.data` reads the corpus from wherever it
lies; the rest stays as it is. `EmbedBatch` and `JudgeBatch` are mapped in the same way.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Any

import numpy as np

from routellm_core.batches import ScoreBatch
from routellm_core.preferences.reading.prompts import read_prompts

WORKERS = 2
BATCH = 64
QUESTIONS = (
    "What is the capital of Norway?",
    "Prove that there are infinitely many primes of the form 4k + 3.",
    "Write a haiku about autumn leaves.",
    "Design a lock-free queue in C and argue why it is linearizable.",
)


def main() -> None:
    if find_spec("ray") is None:
        print("ray is missing: pip install 'routellm-plugins[ray]'")
        return
    prompts = read_prompts(sys.argv[1]) if len(sys.argv) > 1 else [*QUESTIONS] * 64
    rows = _scored_by_ray(prompts)
    local = ScoreBatch()({"prompt": [row["prompt"] for row in rows]})

    print(f"{len(rows)} prompts in batches of {BATCH} on {WORKERS} workers")
    for row in rows[: len(QUESTIONS)]:
        print(f"  {row['score']:.3f}  {row['prompt'][:64]}")
    equal = np.array_equal([row["score"] for row in rows], local["score"])
    print(f"equal to the scores of one process: {equal}")


def _scored_by_ray(prompts: list[str]) -> list[dict[str, Any]]:
    # Set before ray is imported: no word of this run leaves the machine.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    ray.init(num_cpus=WORKERS, include_dashboard=False, logging_level="ERROR")
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        dataset = ray.data.from_items([{"prompt": prompt} for prompt in prompts], override_num_blocks=4)
        scored = dataset.map_batches(
            # A class, so that each worker makes one and loads its router once.
            ScoreBatch,
            fn_constructor_kwargs={"router": "default"},
            batch_size=BATCH,
            compute=ray.data.ActorPoolStrategy(size=WORKERS),
        )
        rows: list[dict[str, Any]] = scored.take_all()
        return rows
    finally:
        ray.shutdown()


if __name__ == "__main__":
    main()
