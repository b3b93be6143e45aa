"""The published causal_llm prompt, written out a second time for tests to compare with."""

from tests.tiny_models import QUESTION_TEXT, SYSTEM_TEXT


def published_text(prompt: str) -> str:
    """What the published code lets the model go on from: no header of the assistant."""
    question = QUESTION_TEXT.strip().replace("{question}", prompt).strip()
    return (
        "<|start_header_id|>system<|end_header_id|>\n\n" + SYSTEM_TEXT.strip() + "<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n" + question + "<|eot_id|>"
    )
