"""Entries of mappings and attributes of objects are read alike."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from llamaindex_routellm.raw_item import item


@pytest.mark.parametrize("source", [{"name": "weather"}, SimpleNamespace(name="weather")])
def test_an_item_is_read_of_either_form(source: object) -> None:
    assert item(source, "name") == "weather"
    assert item(source, "arguments") is None
