"""Battles between the models "big" and "small", for commands that train."""

PAIR = ["--strong", "big", "--weak", "small"]
ROWS = [
    {
        "prompt": f"{'Prove' if number % 4 < 2 else 'Say'} number {number}.",
        "model_a": "big",
        "model_b": "small",
        "winner": "model_a" if number % 4 < 2 else ("tie", "model_b")[number % 2],
    }
    for number in range(40)
]
