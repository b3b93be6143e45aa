"""The causal LLM that foresees a label: one forward pass equals the published generation."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routellm_core import load_router
from routellm_core.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)
from routellm_core.routers.causal_llm import CausalLLMRouter
from routellm_core.transformer.label_tokens import LABELS
from routellm_core.transformer.network import Network
from routellm_core.transformer.prediction_prompt import PredictionPrompt

from tests.published_prompt import published_text
from tests.tiny_models import (
    QUESTION_TEXT,
    SYSTEM_TEXT,
    causal_llm_router,
    labelled_llama,
    llama_network,
    write_causal_llm,
)

torch = pytest.importorskip("torch", reason="causal_llm needs the extra torch")
pytest.importorskip("transformers", reason="causal_llm needs the extra torch")

PROMPTS = ["hi", "", "What is the capital of France?", "Why? " * 5, "{question} or <|eot_id|>", "x" * 40]
PROMPT = PredictionPrompt(SYSTEM_TEXT, QUESTION_TEXT, "llama3")


def generated_score(network: Network, prompt: str) -> float:
    """The published form: six tokens at most, greedily; the five logits at the first label token."""
    labels = [network.tokenizer.get_vocab()[label] for label in LABELS]
    ids = [network.tokenizer.bos_token_id]
    ids += network.tokenizer(published_text(prompt), add_special_tokens=False)["input_ids"]
    for _ in range(6):
        with torch.no_grad():
            logits = network.model(input_ids=torch.tensor([ids])).logits[0, -1]
        ids.append(int(logits.argmax()))
        if ids[-1] in labels:
            weights = torch.softmax(logits[labels].double(), dim=0)
            return 1.0 - float(weights[3] + weights[4])
    return 1.0


@pytest.fixture(scope="module")
def trained() -> Network:
    """A Llama that has learned to write the header and then a label that depends on the prompt."""
    network = labelled_llama()
    tokenizer, model = network.tokenizer, network.model
    labels = [tokenizer.get_vocab()[label] for label in LABELS]
    rows = []
    for number, prompt in enumerate(PROMPTS):
        ids = PROMPT.ids(prompt, tokenizer, 512)
        rows.append((torch.tensor([[*ids, labels[number % 5]]]), len(ids) - 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model.train()
    for _ in range(40):
        for ids, start in rows:
            logits = model(input_ids=ids).logits[0, start - 1 : -1]
            torch.nn.functional.cross_entropy(logits, ids[0, start:]).backward()
            optimizer.step()
            optimizer.zero_grad()
    model.eval()
    return network


def test_one_forward_pass_equals_the_generated_form(trained: Network, tmp_path: Path) -> None:
    generated = [generated_score(trained, prompt) for prompt in PROMPTS]
    router = CausalLLMRouter.from_published(write_causal_llm(trained, tmp_path), device="cpu")

    assert max(generated) < 1.0
    assert np.ptp(generated) > 0.5
    assert router.score(PROMPTS) == pytest.approx(generated, abs=1e-6)
    assert router.max_length == 512


def test_without_a_label_the_published_score_is_one() -> None:
    network = labelled_llama()
    router = CausalLLMRouter(network, PROMPT, max_length=512, label_must_win=True, device="cpu")
    open_router = CausalLLMRouter(network, PROMPT, max_length=512, device="cpu")
    generated = [generated_score(network, prompt) for prompt in PROMPTS]

    assert generated == [1.0] * len(PROMPTS)
    assert router.score(PROMPTS).tolist() == generated
    assert (open_router.score(PROMPTS) < 1.0).all()


def test_batches_equal_single_prompts_with_and_without_kept_logits() -> None:
    router = CausalLLMRouter(labelled_llama(), PROMPT, max_length=512, batch_size=3, device="cpu")
    alone = [float(router.score([prompt])[0]) for prompt in PROMPTS]

    assert router.score(PROMPTS) == pytest.approx(alone, abs=1e-6)
    # a model whose forward() makes all logits
    model = router.network.model
    whole = type(model).forward
    model.forward = lambda input_ids, attention_mask, use_cache: whole(model, input_ids, attention_mask)
    assert router.score(PROMPTS) == pytest.approx(alone, abs=1e-6)


def test_the_published_tokenizer_comes_from_elsewhere(tmp_path: Path) -> None:
    network = labelled_llama()
    base = llama_network().tokenizer
    base.save_pretrained(tmp_path / "base")
    folder = write_causal_llm(network, tmp_path / "published", tokenizer=False)
    router = CausalLLMRouter.from_published(
        folder, tokenizer=tmp_path / "base", device="cpu", label_must_win=False
    )

    expected = CausalLLMRouter(network, PROMPT, max_length=512, device="cpu").score(PROMPTS)
    assert router.score(PROMPTS) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(CheckpointError, match=r"holds no tokenizer .*: give tokenizer="):
        CausalLLMRouter.from_published(folder)


def test_a_published_folder_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    bare = write_causal_llm(llama_network(), tmp_path / "bare")
    with pytest.raises(
        CheckpointError, match=r"label token \[\[5\]\] has id \d+, but the model has \d+ rows"
    ):
        CausalLLMRouter.from_published(bare)
    with pytest.raises(CheckpointError, match=r"the tokenizer lacks the label tokens \['\[\[1\]\]'"):
        CausalLLMRouter(llama_network(), PROMPT)
    whole = write_causal_llm(labelled_llama(), tmp_path / "whole")
    (whole / "classifier_ft_v5.txt").write_text("Prediction:")
    with pytest.raises(CheckpointError, match=r"classifier_ft_v5\.txt: question is 'Prediction:'"):
        CausalLLMRouter.from_published(whole)
    (whole / "system_ft_v5.txt").unlink()
    with pytest.raises(CheckpointError, match=r"system_ft_v5\.txt can't be read"):
        CausalLLMRouter.from_published(whole)


def test_it_saves_what_it_scores_by(trained: Network, tmp_path: Path) -> None:
    router = CausalLLMRouter(
        trained,
        PROMPT,
        max_length=300,
        batch_size=2,
        label_must_win=True,
        device="cpu",
        score_quantiles=np.linspace(0, 1, 3),
    )
    router.save(tmp_path)
    loaded = load_router(tmp_path)

    assert isinstance(loaded, CausalLLMRouter)
    assert (loaded.max_length, loaded.batch_size, loaded.label_must_win) == (300, 2, True)
    assert loaded.prompt == PROMPT
    assert loaded.score(PROMPTS).tolist() == router.score(PROMPTS).tolist()
    assert all(path.suffix in (".json", ".safetensors", ".jinja") for path in tmp_path.iterdir())


def test_a_lora_adapter_is_merged(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", reason="adapters need the extra train")
    network = labelled_llama()
    network.model.save_pretrained(tmp_path / "base")
    network.tokenizer.save_pretrained(tmp_path / "base")
    base = Network.from_folder(tmp_path / "base", "causal_lm")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        adapted = peft.get_peft_model(
            base.model, peft.LoraConfig(r=2, init_lora_weights=False, target_modules=["q_proj", "v_proj"])
        )
    folder = tmp_path / "adapter"
    adapted.save_pretrained(folder)
    network.tokenizer.save_pretrained(folder)
    (folder / "system_ft_v5.txt").write_text(SYSTEM_TEXT)
    (folder / "classifier_ft_v5.txt").write_text(QUESTION_TEXT)
    router = CausalLLMRouter.from_published(folder, device="cpu", label_must_win=False)

    merged = CausalLLMRouter(Network(adapted.merge_and_unload(), network.tokenizer), PROMPT, max_length=512)
    plain = CausalLLMRouter(labelled_llama(), PROMPT, max_length=512)
    assert router.score(PROMPTS) == pytest.approx(merged.score(PROMPTS), abs=1e-6)
    assert np.abs(router.score(PROMPTS) - plain.score(PROMPTS)).max() > 1e-3


def test_many_threads_score_at_once() -> None:
    router = causal_llm_router()
    alone = router.score(PROMPTS)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: router.score(PROMPTS), range(16)))

    assert all(scores == pytest.approx(alone, abs=1e-6) for scores in found)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": {"system": "S"}}, None),
        ({"prompt": {"tone": "kind"}}, "tone"),
        ({"prompt": {"markup": "xml"}}, "markup is 'xml'"),
        ({"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, changes: Any, message: str | None) -> None:
    causal_llm_router().save(tmp_path)
    whole = read_checkpoint(tmp_path)
    settings = dict(whole.settings) | {"max_length": 500} | changes
    write_checkpoint(tmp_path, Checkpoint(whole.router, settings, whole.tensors, whole.files))
    if message is None:
        load_router(tmp_path)
        return

    with pytest.raises(CheckpointError, match=message):
        load_router(tmp_path)
