"""Language: which one a prompt is written in, as its ISO 639-1 code (lingua-language-detector)."""

from __future__ import annotations

from collections.abc import Sequence

UNKNOWN = ""
"""The code of a text in which no language is found, such as code or numbers."""


def languages(prompts: Sequence[str]) -> list[str]:
    """Return the language of each prompt, such as "en", or `UNKNOWN`.

    All languages that lingua knows are possible, and its models for them take about 1 GB of memory; a prompt
    of a few words is sometimes mistaken for a related language.

    Raises:
        ImportError: lingua-language-detector is not installed.
    """
    try:
        from lingua import LanguageDetectorBuilder
    except ImportError as error:
        raise ImportError(
            "detecting languages needs an extra: pip install 'routellm-plugins[clean]'"
        ) from error
    detector = LanguageDetectorBuilder.from_all_languages().build()
    # Each distinct text is detected once: detection is the slowest step of cleaning.
    distinct = list(dict.fromkeys(prompts))
    found = detector.detect_languages_in_parallel_of(distinct)
    codes = {
        text: UNKNOWN if language is None else language.iso_code_639_1.name.lower()
        for text, language in zip(distinct, found, strict=True)
    }
    return [codes[prompt] for prompt in prompts]
