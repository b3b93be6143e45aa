"""What fine-tuning runs on: bfloat16 is trained for real on the CPU, a GPU where there is one."""

import json
from pathlib import Path
from typing import Any

import pytest

from routellm_core import load_router
from routellm_core.commands.cli import main
from routellm_core.training.fine_tuning.settings import FineTuningSettings

from tests.tiny_models import bert_network, llama_network, write_network

torch = pytest.importorskip("torch", reason="training needs the extra train")
pytest.importorskip("transformers", reason="training needs the extra train")
pytest.importorskip("accelerate", reason="training needs the extra train")
pytest.importorskip("peft", reason="LoRA needs the extra train")

KINDS = ("bert", "causal_llm")


def battles(path: Path) -> Path:
    rows = [
        {
            "prompt": f"{'Prove' if number % 4 < 2 else 'Hello'} {number}",
            "model_a": "big",
            "model_b": "small",
            "winner": "model_a" if number % 4 < 2 else "tie",
        }
        for number in range(60)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def trained(kind: str, tmp_path: Path, name: str, *more: str) -> Path:
    """Train a tiny router of a kind; return its folder."""
    base = tmp_path / f"{kind}-base"
    if not base.exists():
        write_network(bert_network() if kind == "bert" else llama_network(), base)
    words = ["train", kind, "--battles", str(battles(tmp_path / "battles.jsonl")), "--base", str(base)]
    words += ["--strong", "big", "--weak", "small", "--out", str(tmp_path / name), "--held-out", "0.2"]
    words += [
        "--steps",
        "60",
        "--interval",
        "20",
        "--learning-rate",
        "0.003" if kind == "bert" else "0.01",
        "--patience",
        "100",
    ]
    assert main([*words, "--max-length", "32" if kind == "bert" else "420", *more]) == 0
    return tmp_path / name


def metrics(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_in_bfloat16_a_router_learns_what_it_learns_in_float32(kind: str, tmp_path: Path) -> None:
    plain = trained(kind, tmp_path, "plain", "--device", "cpu")
    short = trained(kind, tmp_path, "short", "--device", "cpu", "--precision", "bfloat16")
    losses = [metrics(folder)["metrics"]["held_out_loss"] for folder in (plain, short)]
    hard, easy = load_router(short).score(["Prove 77", "Hello 77"])

    # other products, so other weights, that come to the same
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], abs=0.1)
    assert losses[1] < 0.7 * metrics(short)["metrics"]["constant_loss"]
    assert hard > easy + 0.2
    assert metrics(short)["settings"]["precision"] == "bfloat16"
    # the weights themselves are kept as exactly as ever
    assert {tensor.dtype for tensor in load_router(short).network.model.parameters()} == {  # type: ignore[attr-defined]
        torch.float32
    }


def pretend(monkeypatch: pytest.MonkeyPatch, *, gpu: bool, bfloat16: bool = True) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bfloat16)


@pytest.mark.parametrize(
    ("gpu", "knows", "device", "precision", "wanted"),
    [
        (False, True, None, "auto", (False, False)),
        (False, True, None, "bfloat16", (False, True)),
        (True, True, None, "auto", (True, True)),
        (True, True, "cuda", "auto", (True, True)),
        (True, True, None, "float32", (True, False)),
        (True, False, None, "auto", (True, False)),
        (True, True, "cpu", "auto", (False, False)),
    ],
)
def test_the_machine_and_the_settings_choose(
    gpu: bool,
    knows: bool,
    device: str | None,
    precision: str,
    wanted: tuple[bool, bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from routellm_core.training.fine_tuning.hardware import Hardware

    pretend(monkeypatch, gpu=gpu, bfloat16=knows)
    chosen = Hardware.chosen(FineTuningSettings(device=device, precision=precision))

    assert (chosen.gpu, chosen.bfloat16) == wanted
    assert chosen.arguments() == {
        "use_cpu": not wanted[0],
        "bf16": wanted[1],
        "dataloader_pin_memory": wanted[0],
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"device": "cuda"}, "device is 'cuda', but torch finds no GPU here"),
        ({"device": "cuda:1"}, "device is 'cuda:1', expected 'cpu' or 'cuda'"),
        ({"precision": "half"}, "precision is 'half', expected one of"),
    ],
)
def test_what_the_machine_lacks_is_named(
    changes: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from routellm_core.training.fine_tuning.hardware import Hardware

    pretend(monkeypatch, gpu=False)
    with pytest.raises(ValueError, match=message):
        Hardware.chosen(FineTuningSettings(**changes))  # type: ignore[arg-type]


def test_a_gpu_without_bfloat16_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from routellm_core.training.fine_tuning.hardware import Hardware

    pretend(monkeypatch, gpu=True, bfloat16=False)
    with pytest.raises(ValueError, match="precision is 'bfloat16', which this GPU does not support"):
        Hardware.chosen(FineTuningSettings(precision="bfloat16"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_that_is_not_there_is_named_before_anything_is_written(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    data, out = battles(tmp_path / "battles.jsonl"), tmp_path / "router"
    words = ["train", kind, "--battles", str(data), "--base", "x", "--strong", "big", "--weak", "small"]

    assert main([*words, "--out", str(out), "--device", "cuda"]) == 2
    assert "torch finds no GPU here" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that torch can use")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("kind", KINDS)
def test_on_a_gpu_it_learns_the_same(kind: str, precision: str, tmp_path: Path) -> None:
    folder = trained(kind, tmp_path, "router", "--device", "cuda", "--precision", precision)
    on_cpu = load_router(folder, device="cpu").score(["Prove 77", "Hello 77"])
    on_gpu = load_router(folder, device="cuda").score(["Prove 77", "Hello 77"])

    assert on_cpu[0] > on_cpu[1] + 0.2
    assert on_gpu == pytest.approx(on_cpu, abs=0.01)
