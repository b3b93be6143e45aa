"""Known answers are given without a call; any other question reaches the model."""

from routellm_core.preferences.judging.known_answers import KnownAnswers
from routellm_core.preferences.judging.question import Question

from tests.core.scripted_models import ScriptedModel


async def test_only_what_is_not_known_is_asked() -> None:
    model = ScriptedModel("big", "asked")
    known = KnownAnswers(model, {(("user", "one"),): "1"})

    assert (await known(Question.from_prompt("one").messages())).text == "1"
    assert (await known(Question.from_prompt("two").messages())).text == "asked"
    assert (known.name, known.max_tokens) == (model.name, model.max_tokens)
    assert len(model.asked) == 1
    await known.aclose()
