"""Training the default router: the same files twice, needs that order, and kinds that are kept apart."""

from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.embedders.static import StaticEmbedder
from routellm_core.preferences.reading.records import DataError
from routellm_core.routers.additive import AdditiveRouter
from routellm_core.training.default.default_router import (
    DefaultRouterSettings,
    shipped_table,
    train_default_router,
)

from tests.core.training.default.invented_data import WordEncoder

SETTINGS = DefaultRouterSettings(dimension=6, foreign_dimension=8)


def trained(data: Path) -> AdditiveRouter:
    return train_default_router(
        data, SETTINGS, static=shipped_table(), encoder=WordEncoder(), written=data.parent / "written"
    )


def test_training_twice_gives_the_same_files(small_data: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        trained(small_data).save(tmp_path / name, name="default")

    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes(), path.name


def test_what_was_rated_hard_scores_higher_in_every_language(small_data: Path) -> None:
    router = trained(small_data)

    for start in ("", "und der "):
        hard, easy = router.score(
            [f"{start}prove the text of a story.", f"{start}spell the text of a story."]
        )
        assert hard > easy


def test_a_loaded_router_scores_the_same(small_data: Path, tmp_path: Path) -> None:
    router = trained(small_data)
    router.save(tmp_path / "saved")
    prompts = ["prove the text", "", "und der text", "How many eggs?\nA. 1\nB. 2\nC. 3\nAnswer:", "写一个"]

    np.testing.assert_array_equal(load_router(tmp_path / "saved").score(prompts), router.score(prompts))


def test_its_quantiles_and_its_coverage_are_of_the_training_prompts(small_data: Path) -> None:
    router = trained(small_data)

    assert router.score_quantiles is not None
    assert (np.diff(router.score_quantiles) >= 0).all()
    assert router.coverage is not None
    asked = "How many eggs?\nA. 3\nB. 2\nC. 3\nD. 4\nAnswer:"
    assert router.coverage.holds([asked, "never seen"]).tolist() == [True, False]


def test_a_rating_without_its_prompt_is_named(small_data: Path) -> None:
    ratings = small_data.parent / "written/mmlu_pro_need.jsonl"
    ratings.write_text('{"prompt_sha256": "00ff", "need": 3}\n')

    with pytest.raises(DataError, match="prompt 00ff is not in mmlu_pro_labels"):
        trained(small_data)


def test_a_missing_file_is_named(small_data: Path) -> None:
    (small_data / "train/arena_need.jsonl.gz").unlink()

    with pytest.raises(DataError, match=r"arena_need\.jsonl\.gz can't be read"):
        trained(small_data)


def test_the_shipped_table_is_a_token_table() -> None:
    assert isinstance(shipped_table(), StaticEmbedder)
