"""What a causal LLM is asked: markup and room."""

from typing import Any

import pytest

from routellm_core.routers.causal_llm import CausalLLMRouter
from routellm_core.transformer.prediction_prompt import PredictionPrompt

from tests.published_prompt import published_text
from tests.tiny_models import QUESTION_TEXT, SYSTEM_TEXT, labelled_llama

pytest.importorskip("transformers", reason="causal_llm needs the extra torch")

PROMPT = PredictionPrompt(SYSTEM_TEXT, QUESTION_TEXT, "llama3")


def test_a_long_question_loses_its_end_and_keeps_its_frame() -> None:
    tokenizer = labelled_llama().tokenizer
    frame = len(PROMPT.ids("", tokenizer, 512))
    ids = PROMPT.ids("a" * 5000 + "b", tokenizer, 160)

    assert len(ids) == 160
    assert ids == PROMPT.ids("a" * (160 - frame), tokenizer, 160)
    assert ids[-4:] == PROMPT.ids("", tokenizer, 512)[-4:]
    with pytest.raises(ValueError, match=rf"max_length is {frame}, the prompt .* alone has {frame} tokens"):
        CausalLLMRouter(labelled_llama(), PROMPT, max_length=frame, device="cpu")


def test_markup_is_llama3s_the_tokenizers_own_or_none() -> None:
    tokenizer = labelled_llama().tokenizer
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m.role }}>{{ m.content }}|{% endfor %}"
        "{% if add_generation_prompt %}bot>{% endif %}"
    )
    texts = {
        m: PredictionPrompt("S", "Q {question}", m).text("why", tokenizer) for m in ("plain", "chat_template")
    }

    assert texts == {"plain": "S\n\nQ why", "chat_template": "system>S|user>Q why|bot>"}
    header = "<|start_header_id|>assistant<|end_header_id|>\n\n"
    assert PROMPT.text("why", tokenizer) == published_text("why") + header
    ids = PROMPT.ids("why", tokenizer, 512)
    assert ids.count(tokenizer.bos_token_id) == 1
    assert ids[0] == tokenizer.bos_token_id


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("S", "no place", "plain"), "expected a text that holds {question}"),
        (("S", "{question}", "xml"), "'xml'"),
    ],
)
def test_a_prompt_that_can_not_be_is_refused(texts: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PredictionPrompt(*texts)
