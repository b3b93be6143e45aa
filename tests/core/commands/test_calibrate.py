"""`routellm calibrate`: from prompts or labels to a threshold, what it says, and what the adapters read."""

import json
from pathlib import Path

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.calibration.record import Calibration
from routellm_core.commands.cli import main
from routellm_core.router import COARSE_QUANTILES

PROMPTS = ["What is 2+2?", "Prove Fermat's last theorem.", "Write a haiku about rain."]
PAIR = ["--strong", "big", "--weak", "small"]
PRICES = ["--prices", "strong=10,30", "weak=0.24,0.24"]
N = 400


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS))
    return path


def write_labels(path: Path, rows: list[tuple[str, float, float]]) -> Path:
    lines = [json.dumps({"prompt": text, "scores": {"small": s, "big": b}}) + "\n" for text, s, b in rows]
    path.write_text("".join(lines))
    return path


def rows() -> list[tuple[str, float, float]]:
    """Prompts of which weak fails the half that the default router scores highest."""
    rng = np.random.default_rng(0)
    words = ["sum", "rain", "theorem", "poem", "integral", "cat", "eigenvalue", "hello", "proof", "tea"]
    texts = [" ".join(rng.choice(words, 8)) + f" {number}" for number in range(N)]
    scores = load_router("default").score(texts)
    return [(text, float(score < np.median(scores)), 1.0) for text, score in zip(texts, scores, strict=True)]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return write_labels(tmp_path / "labels.jsonl", rows())


def calibrated(arguments: list[str], out: Path) -> Calibration:
    assert main(["calibrate", *arguments, "--out", str(out)]) == 0
    return Calibration.load(out)


def test_a_share_of_prompts(prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--prompts", str(prompts), "--strong-share", "0.34"]
    calibration = calibrated(arguments, tmp_path / "c.json")
    router = load_router("default")

    assert (calibration.router, calibration.prompts, calibration.fingerprint) == (
        "default",
        3,
        router.fingerprint,
    )
    assert calibration.strong_share == pytest.approx(1 / 3)
    assert (calibration.target, calibration.strong, calibration.statement) == (
        {"strong_share": 0.34},
        None,
        None,
    )
    assert (router.score(PROMPTS) >= calibration.threshold).sum() == 1
    assert len(calibration.score_quantiles) == COARSE_QUANTILES
    assert calibration.score_quantiles[0] == router.score(PROMPTS).min()
    assert "sends 33.3% of 3 prompts to strong" in capsys.readouterr().out
    assert main(["calibrate", *arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["strong_share"] == pytest.approx(1 / 3)


def test_a_calibrated_folder_is_kept_as_an_absolute_path(
    prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_router("random").save(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    arguments = ["--router", "mine", "--prompts", str(prompts), "--strong-share", "0.5"]

    assert calibrated(arguments, Path("c.json")).router == str(tmp_path / "mine")


def test_the_default_is_a_loss_of_two_points(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calibration = calibrated(["--labels", str(labels), *PAIR], tmp_path / "c.json")
    said = capsys.readouterr().out

    assert calibration.target == {"max_loss": 0.02, "confidence": 0.9}
    assert (calibration.strong, calibration.weak) == ("big", "small")
    # the half that weak can do is certified, and of the rest no more than the loss allows
    assert calibration.strong_share is not None
    assert 0.48 <= calibration.strong_share < 0.6
    assert calibration.statement is not None
    assert calibration.statement in said
    assert "over the draw of these 400 labelled prompts" in said
    assert "is at least that of big alone minus 0.02 points" in said
    assert "100% to strong with 100" in said
    assert "with 400" in said
    assert "with 1,600" in said


@pytest.mark.parametrize(
    ("target", "promise"),
    [
        (["--max-loss", "0.1"], "that of big alone minus 0.1 points"),
        (["--quality", "0.9"], "0.9 times that of big alone"),
        (["--gap", "0.6"], "that of small alone plus 0.6 of the gap to big alone"),
    ],
)
def test_each_quality_says_what_it_promises(
    labels: Path, tmp_path: Path, target: list[str], promise: str
) -> None:
    calibration = calibrated(["--labels", str(labels), *PAIR, *target], tmp_path / "c.json")

    assert calibration.statement is not None
    assert f"is at least {promise};" in calibration.statement
    assert calibration.target == {
        target[0].removeprefix("--").replace("-", "_"): float(target[1]),
        "confidence": 0.9,
    }


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noisy = [(text, float(rng.random() < 0.9), 1.0) for text, _, _ in rows()]
    labels = write_labels(tmp_path / "labels.jsonl", noisy)
    backwards = tmp_path / "backwards.jsonl"
    backwards.write_text("".join(reversed(labels.read_text().splitlines(keepends=True))))
    target = [*PAIR, "--max-loss", "0.08"]
    first = calibrated(["--labels", str(labels), *target], tmp_path / "a.json")

    assert first.strong_share is not None
    assert 0.0 < first.strong_share < 1.0
    assert calibrated(["--labels", str(backwards), *target], tmp_path / "b.json") == first


def test_prompts_that_occur_twice_or_trained_the_router_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = write_labels(tmp_path / "twice.jsonl", [*rows(), *rows()[:7]])
    monkeypatch.setattr(
        "routellm_core.checkpoints.coverage.Coverage.holds",
        lambda self, prompts: np.array([text.endswith(" 9") for text in prompts]),
    )
    calibration = calibrated(["--labels", str(twice), *PAIR], tmp_path / "c.json")

    assert calibration.prompts == N - 1
    said = capsys.readouterr().out
    assert "left out: 7 labels of repeated prompts, averaged, 1 seen in training" in said


def test_where_weak_is_enough_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = write_labels(tmp_path / "same.jsonl", [(text, 1.0, 1.0) for text, _, _ in rows()])
    calibration = calibrated(["--labels", str(same), *PAIR], tmp_path / "c.json")

    assert calibration.strong_share == 0.0
    assert "small alone is enough for this target" in capsys.readouterr().out


def test_a_budget_is_kept(labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    budget = ["--labels", str(labels), *PAIR, "--budget", "4", *PRICES]
    calibration = calibrated(budget, tmp_path / "c.json")
    said = capsys.readouterr().out
    # a strong answer of 264 tokens costs 0.00792, and the prompts are short
    assert calibration.strong_share == pytest.approx(4 / 8, abs=0.03)
    assert "from 8.05 to 3.9" in said
    assert "always weak 0.06" in said
    assert (
        "tokens: assumed, a quarter of the prompt's characters in, 264 (the paper's mean answer) out" in said
    )
    longer = calibrated([*budget, "--input-tokens", "500", "--output-tokens", "100"], tmp_path / "c.json")
    assert longer.strong_share == pytest.approx(4 / 8, abs=0.03)
    assert main(["calibrate", *budget[:-5], *PAIR, "--budget", "4"]) == 2
    assert "--budget needs prices" in capsys.readouterr().err


def test_three_points_are_recommended(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["calibrate", "--labels", str(labels), *PAIR, "--recommend", *PRICES]
    assert main(arguments) == 0
    prices, tokens, certified, half, most = capsys.readouterr().out.splitlines()
    assert main([*arguments, "--json"]) == 0
    points = json.loads(capsys.readouterr().out)

    assert (prices.split(":")[0], tokens.split(":")[0]) == ("prices per million tokens", "tokens")
    assert certified.startswith("cheapest within max_loss 0.02: threshold 0.")
    assert certified.endswith("certified at 90%")
    assert half.startswith("CPT(50%)")
    assert "25.0% to strong, recovers 50.0% of the gap" in half
    assert "40.0% to strong, recovers 80.0% of the gap" in most
    assert points[1]["strong_share"] == 0.25
    assert points[1]["pgr_interval"][0] < 0.5 < points[1]["pgr_interval"][1]
    assert points[1]["cost"] == pytest.approx(0.25 * 8.06 + 0.75 * 0.066, abs=0.1)


def test_with_few_labels_the_certified_point_is_missing_and_the_others_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = write_labels(tmp_path / "few.jsonl", rows()[:40])
    assert main(["calibrate", "--labels", str(few), *PAIR, "--recommend"]) == 0
    certified, half, _ = capsys.readouterr().out.splitlines()

    assert certified.startswith("cheapest within max_loss 0.02: none. 40 labels are fewer than needed")
    assert half.startswith("CPT(50%): threshold 0.")


@pytest.mark.parametrize("with_labels", [True, False])
def test_the_threshold_is_drawn(labels: Path, prompts: Path, tmp_path: Path, with_labels: bool) -> None:
    pytest.importorskip("matplotlib", reason="plots need the extra plot")
    source = ["--labels", str(labels), *PAIR] if with_labels else ["--prompts", str(prompts)]
    plot = tmp_path / "scores.png"

    assert main(["calibrate", *source, "--strong-share", "0.5", "--plot", str(plot)]) == 0
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_benchmark_serves_as_labels(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--labels", "gsm8k", "--data", str(data_folder), "--max-loss", "0.1"]
    calibration = calibrated(arguments, tmp_path / "c.json")

    assert calibration.strong == "gpt-4-1106-preview"
    assert calibration.strong_share is not None
    assert 0.4 < calibration.strong_share < 0.7
    assert "left out: 12 contaminated" in capsys.readouterr().out
