"""`python -m examples.demo`: run the demonstration and print its table."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from openai import OpenAIError

from routellm_core.routing.prices import Price

from examples.demo.demonstration import Demonstration
from examples.demo.error_line import error_line
from examples.demo.settings import LIST_PRICES, DemoSettings
from examples.demo.table import table
from examples.providers import Endpoint, openai_endpoint


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status; problems are told in one line on standard error."""
    if isinstance(sys.stdout, TextIOWrapper):
        # Prompts may hold what a terminal's encoding does not.
        sys.stdout.reconfigure(errors="replace")
    try:
        settings = DemoSettings.from_arguments(arguments)
        with openai_endpoint(settings.strong, settings.weak) as endpoint:
            return _show(settings, endpoint)
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter must not try to write the rest either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        print(f"error: {error_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _show(settings: DemoSettings, endpoint: Endpoint) -> int:
    _print_introduction(endpoint)
    try:
        shown = Demonstration.run(settings, endpoint, lambda line: print(line, flush=True))
    except OpenAIError as error:
        print(f"error: {endpoint}: {error_line(error)}", file=sys.stderr)
        return 1
    print(
        f"\nThe router {settings.router!r} scores each prompt; strong answers from {shown.threshold:.3f} on, "
        f"a score that about {settings.strong_share:.0%}\nof everyday prompts reach. "
        "A tool loop stays on one model.\n"
    )
    print(table(shown.calls, shown.prices))
    for line in shown.refused:
        print(f"No answer to {line}")
    _print_costs(shown, endpoint)
    return 0


def _print_introduction(endpoint: Endpoint) -> None:
    models = f"{endpoint.strong} (strong) and {endpoint.weak} (weak)"
    if endpoint.is_stand_in:
        print(f"No OPENAI_API_KEY is set: a stand-in server on this machine plays {models}.")
        print("The routing is real, the answers are made up, and nothing leaves this machine.\n")
    else:
        print(f"{models} answer at {endpoint.base_url}.\n")


def _print_costs(shown: Demonstration, endpoint: Endpoint) -> None:
    prices = ((endpoint.strong, shown.prices.strong), (endpoint.weak, shown.prices.weak))
    print("\nPrices per million tokens: " + "; ".join(_priced(*price) for price in prices) + ".")
    if any(LIST_PRICES.get(model) == price for model, price in prices):
        print("(* OpenAI's list price; set your own with --strong-price IN OUT and --weak-price IN OUT.)")
    saved = 1 - shown.cost / shown.always_strong_cost if shown.always_strong_cost else 0.0
    change = f"{saved:.0%} saved" if saved >= 0 else f"{-saved:.0%} more"
    print(f"Cost: ${shown.cost:.6f} routed, ${shown.always_strong_cost:.6f} always strong: {change}.")


def _priced(model: str, price: Price) -> str:
    mark = "*" if LIST_PRICES.get(model) == price else ""
    return f"{model} ${price.input:g} in, ${price.output:g} out{mark}"


if __name__ == "__main__":
    sys.exit(main())
