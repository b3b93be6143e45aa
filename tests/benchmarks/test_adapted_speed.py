"""A router of one's own labels scores as fast as the one that ships, in every language."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from routellm_core import load_router
from routellm_core.preferences.reading.labels import Label
from routellm_core.router import Router
from routellm_core.training.adaptation import adapt

from tests.benchmarks.score_cost import median_ratio, prompts

BOUNDS = {"ASCII": 1.2, "mixed languages": 1.0}
"""Adapted over default: for now and then a prompt is one of which the default router is asked too."""


def adapted() -> Router:
    """Make a router of labels by which short prompts are easy."""
    labels = [Label(text, {"big": 1.0, "small": float(len(text) < 150)}) for text in prompts()[::9]]
    return adapt(labels, strong="big", weak="small").router


@pytest.mark.parametrize("texts", BOUNDS)
def test_an_adapted_score_costs_what_the_default_one_does(benchmark: BenchmarkFixture, texts: str) -> None:
    if benchmark.disabled:
        pytest.skip("benchmarks run with `make bench`")
    default, router = load_router("default"), adapted()
    read = [text for text in prompts() if text.isascii() == (texts == "ASCII")]

    def measured() -> float:
        return median_ratio(
            lambda: [router.score([text]) for text in read], lambda: [default.score([text]) for text in read]
        )

    ratio = benchmark.pedantic(measured, rounds=1)
    benchmark.extra_info.update(ratio=ratio)
    print(f"\n{texts}: a prompt costs an adapted router {ratio:.2f} times what it costs the default one")
    assert ratio < BOUNDS[texts]
