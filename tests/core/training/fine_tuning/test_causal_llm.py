"""Fine-tuning a tiny Llama: LoRA or whole, it learns the label, resumes exactly, and is saved merged."""

import json
from pathlib import Path
from typing import Any

import pytest

from routellm_core import load_router
from routellm_core.routers.causal_llm import CausalLLMRouter
from routellm_core.training.fine_tuning.causal_llm import CausalLLMTask, CausalSettings
from routellm_core.training.fine_tuning.rows import LabelledPrompt
from routellm_core.training.fine_tuning.settings import FineTuned
from routellm_core.training.fine_tuning.train import fine_tuned_router
from routellm_core.training.held_out import held_out
from routellm_core.training.training_folder import NAME, remove_unfinished
from routellm_core.transformer.network import Network
from routellm_core.transformer.next_token import next_token_logits

from tests.tiny_models import llama_network, write_network

torch = pytest.importorskip("torch", reason="training needs the extra train")
pytest.importorskip("transformers", reason="training needs the extra train")
pytest.importorskip("accelerate", reason="training needs the extra train")
pytest.importorskip("peft", reason="LoRA needs the extra train")

# two in four are hard, so that the number says nothing
ROWS = [
    LabelledPrompt(f"{'Prove' if number % 4 < 2 else 'Hello'} {number}", 1 if number % 4 < 2 else 4)
    for number in range(40)
]
CHAT = "{% for m in messages %}<|start_header_id|>{{ m.content }}<|eot_id|>{% endfor %}assistant\n\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    network = llama_network()
    # a short prompt: the tests' time goes into its length
    network.tokenizer.chat_template = CHAT.replace("{% for m in messages %}", "{% for m in messages[1:] %}")
    return write_network(network, tmp_path / "base")


def settings(**changes: Any) -> CausalSettings:
    values: dict[str, Any] = {
        "max_steps": 40,
        "interval": 10,
        "learning_rate": 0.01,
        "max_length": 100,
        "held_out_share": 0.2,
        "patience": 100,
        "rank": 4,
        "device": "cpu",
    }
    return CausalSettings(**values | changes)


def trained(
    base: str, rows: list[LabelledPrompt], settings: CausalSettings, **options: Any
) -> tuple[CausalLLMRouter, FineTuned]:
    return fine_tuned_router(CausalLLMTask, base, rows, settings, **options)


@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_it_learns_the_label_alone(base: Path, tmp_path: Path, tuning: str) -> None:
    out = tmp_path / "router"
    router, result = trained(str(base), ROWS, settings(tuning=tuning), out=out)
    router.save(out)
    loaded = load_router(out)

    hard, easy = router.score(["Prove 55", "Hello 55"])
    assert hard > 0.7 > 0.3 > easy
    assert result.held_out_loss < 0.7 * result.constant_loss
    assert result.held_out_accuracy > 0.7
    assert isinstance(loaded, CausalLLMRouter)
    assert loaded.score(["Prove 55", "Hello 55"]).tolist() == [hard, easy]
    assert loaded.prompt.markup == "chat_template"
    assert loaded.score_quantiles is not None
    # the loss is over the whole vocabulary, and of the label alone
    chosen = held_out([row.prompt for row in ROWS], 0.2, 0)
    losses = []
    for row, is_out in zip(ROWS, chosen, strict=True):
        if is_out:
            ids = torch.tensor([router.prompt.ids(row.prompt, router.network.tokenizer, 100)])
            wanted = router.network.tokenizer.get_vocab()[f"[[{row.label + 1}]]"]
            with torch.no_grad():
                logits = router.network.model(input_ids=ids).logits[0, -1]
            losses.append(float(torch.logsumexp(logits, 0) - logits[wanted]))
    assert sum(losses) / len(losses) == pytest.approx(result.held_out_loss, abs=1e-5)
    # a label is the likeliest token of all, not only of the labels: the published way of reading it works too
    ids = torch.tensor([router.prompt.ids("Prove 55", router.network.tokenizer, 100)])
    winner = int(next_token_logits(router.network.model, ids, torch.ones_like(ids)).argmax())
    assert router.network.tokenizer.convert_ids_to_tokens(winner) == "[[2]]"


def test_lora_leaves_every_other_token_row_alone(base: Path, tmp_path: Path) -> None:
    before = Network.from_folder(base, "causal_lm").model.get_output_embeddings().weight
    router, _ = trained(str(base), ROWS, settings(max_steps=10), out=tmp_path / "router")
    after = router.network.model.get_output_embeddings().weight
    rows = len(before)

    assert torch.equal(after[:rows], before)
    digit = router.network.tokenizer("2", add_special_tokens=False)["input_ids"][-1]
    assert not torch.equal(after[rows + 1], before[digit])


def test_tied_tables_stay_tied(base: Path, tmp_path: Path) -> None:
    config = json.loads((base / "config.json").read_text()) | {"tie_word_embeddings": True}
    network = llama_network()
    network.model.config.tie_word_embeddings = True
    network.model.tie_weights()
    tied = tmp_path / "tied"
    network.model.save_pretrained(tied)
    (tied / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (tied / name).write_bytes((base / name).read_bytes())
    router, result = trained(str(tied), ROWS, settings(), out=tmp_path / "router")
    router.save(tmp_path / "router")

    assert result.held_out_loss < 0.7 * result.constant_loss
    model = router.network.model
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    prompts = ["Prove 7", "Hello 7"]
    assert load_router(tmp_path / "router").score(prompts).tolist() == router.score(prompts).tolist()


class CrashError(Exception):
    pass


@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_a_crashed_training_resumes_to_the_same_router(base: Path, tmp_path: Path, tuning: str) -> None:
    def crash(line: str) -> None:
        if line.startswith("step 20") and "held-out" in line:
            raise CrashError

    wanted = settings(tuning=tuning, max_steps=30)
    with pytest.raises(CrashError):
        trained(str(base), ROWS, wanted, out=tmp_path / "crashed", say=crash)
    resumed, result = trained(str(base), ROWS, wanted, out=tmp_path / "crashed", resume=True)
    whole, expected = trained(str(base), ROWS, wanted, out=tmp_path / "whole")

    assert result.resumed_from == 10
    assert result.history == expected.history
    pairs = zip(resumed.network.model.parameters(), whole.network.model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_an_unfinished_training_is_gone_on_with_only_as_it_was_begun(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "router"
    trained(str(base), ROWS, settings(max_steps=10), out=out)

    with pytest.raises(FileExistsError, match="unfinished training: continue with --resume, or delete"):
        trained(str(base), ROWS, settings(max_steps=10), out=out)
    with pytest.raises(ValueError, match="was started with max_steps 10, which is now 20"):
        trained(str(base), ROWS, settings(max_steps=20), out=out, resume=True)
    with pytest.raises(ValueError, match="was started with data "):
        trained(str(base), ROWS[1:], settings(max_steps=10), out=out, resume=True)
    remove_unfinished(out)
    assert not (out / NAME).exists()


def test_a_trained_router_is_trained_further(base: Path, tmp_path: Path) -> None:
    first, _ = trained(str(base), ROWS, settings(), out=tmp_path / "first")
    first.save(tmp_path / "first")
    swapped = [LabelledPrompt(row.prompt, 5 - row.label) for row in ROWS]
    second, _ = trained(str(tmp_path / "first"), swapped, settings(), out=tmp_path / "second")

    assert second.prompt == first.prompt
    assert len(second.network.tokenizer) == len(first.network.tokenizer)
    hard, easy = second.score(["Prove 55", "Hello 55"])
    assert hard < 0.3 < 0.7 < easy


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tuning": "some"}, "tuning is 'some'"),
        ({"rank": 0}, "rank is 0"),
        ({"max_length": 0}, "max_length is 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(**changes)
