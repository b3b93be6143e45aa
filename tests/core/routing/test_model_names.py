"""When two spellings mean one model."""

import pytest

from routellm_core.routing.model_names import same_model


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "openai:GPT-4o", True),
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4o-2024-05-13", "openai/gpt-4o", True),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06", False),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o-mini-2024-07-18", "gpt-4o", False),
    ],
)
def test_a_name_without_a_date_stands_for_all_versions(one: str, other: str, same: bool) -> None:
    assert same_model(one, other) is same
    assert same_model(other, one) is same
