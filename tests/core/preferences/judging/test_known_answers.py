"""Known answers are given without a call; any other question reaches the model."""

from routellm_core.preferences.judging.judge_prompt import answer_messages
from routellm_core.preferences.judging.known_answers import KnownAnswers

from tests.core.scripted_models import ScriptedModel


async def test_only_what_is_not_known_is_asked() -> None:
    model = ScriptedModel("big", "asked")
    known = KnownAnswers(model, {"one": "1"})

    assert (await known(answer_messages("one"))).text == "1"
    assert (await known(answer_messages("two"))).text == "asked"
    assert (known.name, known.max_tokens) == (model.name, model.max_tokens)
    assert len(model.asked) == 1
    await known.aclose()
