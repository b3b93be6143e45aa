"""`python -m examples.stand_in --port 8001`: the server in a process of its own."""

from __future__ import annotations

import argparse
import threading

from examples.stand_in.model import DEFAULT_MODELS, StandInModel
from examples.stand_in.server import StandInServer


def _model(text: str) -> StandInModel:
    name, _, window = text.partition("=")
    return StandInModel(name, context_window=int(window)) if window else StandInModel(name)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m examples.stand_in", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument(
        "--model",
        type=_model,
        action="append",
        metavar="NAME[=TOKENS]",
        help="a model and its context window; may be repeated",
    )
    arguments = parser.parse_args()
    with StandInServer(arguments.model or DEFAULT_MODELS, port=arguments.port) as server:
        print(f"OpenAI API:    {server.openai_url}")
        print(f"Anthropic API: {server.anthropic_url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
