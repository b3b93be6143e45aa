"""Make `docs/results.md`: `python -m routellm_core.paper_tables --help`, or `make results`."""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from routellm_core.evaluation.benchmarks import load_benchmark, without_trained
from routellm_core.evaluation.evaluation import Evaluation, baselines, evaluate
from routellm_core.loading import load_router
from routellm_core.paper_tables.contenders import BERT, CONTENDERS
from routellm_core.paper_tables.page import BENCHMARKS, others_of, page, with_others
from routellm_core.paper_tables.training_sets import read_training_sets
from routellm_core.paper_tables.transfer import gsm8k_transfer, pro_transfer
from routellm_core.router import Router

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, evaluate, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m routellm_core.paper_tables", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--out", type=Path, required=True, help="the page to write")
    parser.add_argument(
        "--routers", nargs="+", choices=sorted(CONTENDERS), default=list(CONTENDERS), help="(default: all)"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    rows = [("default (ships)", "see its model card", _evaluated(load_router("default"), options.data))]
    for data in read_training_sets(options.data):
        for kind in options.routers:
            name, make = CONTENDERS[kind]
            log.info("%s on %s", name, data.name)
            with tempfile.TemporaryDirectory() as folder:
                router = make(data, Path(folder))
            rows.append((name, data.name, _evaluated(router, options.data)))
    rows.append(("prompt length", "-", _by_length(options.data)))
    command = f"make results  # = python -m routellm_core.paper_tables --data DATA --out {options.out}"
    text = page(
        rows,
        gsm8k_transfer(options.data, log.info),
        pro_transfer(options.data, log.info),
        command=command,
        day=date.today(),
        steps=BERT.max_steps,
    )
    others = others_of(options.out.read_text("utf-8")) if options.out.exists() else ""
    if others:
        text = with_others(text, others)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    log.info("wrote %s", options.out)
    return 0


def _evaluated(router: Router, data: Path) -> list[Evaluation]:
    found = []
    for name in BENCHMARKS:
        found.append(evaluate(router, without_trained(load_benchmark(name, data), router)))
        log.info("%s: APGR %.3f", name, found[-1].apgr)
    return found


def _by_length(data: Path) -> list[Evaluation]:
    return [baselines(load_benchmark(name, data))[0] for name in BENCHMARKS]


if __name__ == "__main__":
    raise SystemExit(main())
