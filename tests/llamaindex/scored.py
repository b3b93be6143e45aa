"""What a test's router was asked to score."""

from __future__ import annotations

from tests.routers import KeywordRouter


def scored_texts(router: KeywordRouter) -> list[str]:
    """Return every text that was scored, in order, and forget them."""
    texts = [text for batch in router.batches for text in batch]
    router.batches.clear()
    return texts
