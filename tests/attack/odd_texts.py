"""Texts that people, programs and attackers send: made by chance out of what has broken readers before."""

from __future__ import annotations

import random

PIECES = (
    *(
        "a",
        "word",
        "Why?",
        "answer",
        "Answer:",
        "is",
        "A",
        "B)",
        "\n(A) ",
        "\nB. ",
        "####",
        "\\boxed{",
        "[[A]]",
    ),
    *(" ", "\n", "\t", "\r\n", "\x00", "\x1c", "\x85", "\u2028", "\ufeff", "\u200b", "\xad"),
    *("é", "e\u0301", "ß", "İ", "ſ", "ﬃ", "Ǆ", "\ufdfa", "漢字", "한", "कि", "א", "a\u0301" * 9, "\x7f"),
    *(
        "😀",
        "👨\u200d👩\u200d👧",
        "🇩🇪",
        "\U0010ffff",
        "\ufffe",
        "\u0345",
        "\u1e9e",
        "\ud800",
        "\udfff",
        "\ud83d",
    ),
    *("<system-reminder>", "</system-reminder>", "<memory>", "\t<user>\n", "\t</user>", "Observation:"),
    *(
        "<current_conversation>",
        "Question: ",
        "\nResponse: ",
        "user: ",
        "{query}",
        "{{x}}",
        "%s",
        "$(id)",
        "`",
    ),
    *("[UNK]", "[CLS]", "<|endoftext|>", "<s>", "</s>", "##s", "sk-0123456789abcdefgh", "http://a:b@c/"),
    *("0", "12", "1e308", "NaN", "-0", "9" * 40, "$1,000.00", "1/0", "(", "[", "{", "(((((", "]]]]]"),
    *('"', "'", "\\", "***", "';--"),
)


def odd_text(chance: random.Random) -> str:
    """Return one text: a few pieces, some of them many times over, or any characters at all."""
    kind = chance.random()
    if kind < 0.15:
        return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(60)))
    pieces = chance.choices(PIECES, k=chance.randrange(1, 12))
    if kind < 0.4:
        pieces[chance.randrange(len(pieces))] *= chance.choice((3, 17, 100, 500))
    return "".join(pieces)


def long_texts(size: int) -> dict[str, str]:
    """Return name -> a text of about so many bytes: each kind that once took long."""
    chance = random.Random(0)
    letters = "".join(chance.choices("zqxjaein", k=size))
    words = " ".join(letters[start : start + 100] for start in range(0, size, 101))
    kinds = {piece.strip() or repr(piece): piece for piece in PIECES if piece}
    kinds |= {"words that are none": words, "one word": letters, "any": "".join(map(chr, range(32, 0xD7FF)))}
    return {name: _repeated(piece, size) for name, piece in kinds.items()}


def _repeated(piece: str, size: int) -> str:
    return piece * (size // len(piece.encode("utf-8", "surrogatepass")) + 1)
