"""Page: the tables as Markdown, next to the paper's, with their caveats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from routellm_core.evaluation.evaluation import Evaluation
from routellm_core.evaluation.paper_results import PAPER_RESULTS
from routellm_core.paper_tables.transfer import TransferResult

BENCHMARKS = ("mmlu", "gsm8k", "mt-bench")

OTHERS_HEADING = "## Routers of others"
"""The page's last section, which `other_routers` makes in an environment of its own."""

_OTHERS = """{heading}

Made on {day} by

    make other-routers  # = python -m routellm_core.paper_tables.other_routers --data DATA --out docs/results.md

Routers that need no key and no call, each as its package comes, on the paper's pair and on the held-out everyday
prompts. The three benchmarks: APGR with its 95 % interval, 0.5 by chance, and behind it the interval of what it is above
the default router over the same draws of the prompts. The two everyday sets: the share of pairs of a hard and an easy
prompt in the right order; in `reversed` every easy prompt is longer than every hard one, so that it says how much of an
order is length. Both are home ground for the default router: this project wrote and rated them for its own evaluation,
and trained on others of their kind, as it did on 1,501 other questions of MMLU's test set.

{table}

On MMLU and on everyday prompts the default router is ahead of all, with intervals that lie apart. On GSM8K it is level
with prompt length and with langchain-model-router, which is nearly the same order there. On MT-Bench LiteLLM's
heuristics and cascadeflow have the higher figures; with 72 prompts no difference there excludes zero. What these
packages do besides (tiers, cascades, semantic routes, models that classify) was not measured.
"""

_HEAD = """# Every router by training set, and transfer

Made on {day} by

    {command}

## By training set

In the paper's form: CPT(50 %) / CPT(80 %) in % of strong calls, and APGR as exact area with its 95 % bootstrap
interval; a random router has 50 / 80 and 0.500. It is **not a reproduction** of the paper:

- Our arena rows are 1,994 votes on 8 weak models, the paper's 65,000 on 64. They hold no battle between the strong and
  the weak class, so that the classifiers learn nothing from them.
- Our judge rows (43,859 battles) have neither gpt-4-1106-preview nor Mixtral, and their judge, gpt-4-turbo, is also
  their strongest player. gpt-4-turbo and gpt-35-turbo stand for the pair.
- Our gold labels are 1,501 questions of MMLU's test set, left out of the evaluation; the paper's are of its validation
  set. So for MMLU, "gold" is a kinder test than the paper's.
- Embeddings are static token vectors that ship with the package, and the encoder is MiniLM, fine-tuned for {steps} steps of
  128 tokens on a CPU. No pretrained LLM was trained: the causal classifier is proven on tiny models by the tests, and
  has no row.
"""

_PAPER = """
The paper's own rows (its tables 1 to 3; "+" is judge for GSM8K and MT-Bench, gold for MMLU):

| router | MMLU | GSM8K | MT-Bench |
|---|---|---|---|
{rows}

Before augmentation, on arena alone, the paper's best APGR are 0.524 (MMLU), 0.475 (GSM8K) and 0.610 (MT-Bench). Figures
such as 56.09 / 0.461 and 53.59 that circulate for MMLU are its GSM8K rows before augmentation.
"""

_TRANSFER = """
## Transfer to other pairs

`zero-shot` is the router as it is, with its 95 % interval; `30` and `100` are after that many results of the pair's
models, from which their vectors are found while all else stays as it is: the mean over 8 draws, on the other prompts.
`length` sends the longest prompts to strong; `chance` is the standard deviation of one random router's APGR.

**GSM8K**. `zero-shot` is the default router; `30` and `100` are of a matrix factorization on the gold and MMLU-Pro labels.
Neither saw a grade-school problem or, Mixtral and the two Llama 3.1 aside, any of these models:

{gsm8k}

**MMLU-Pro**, by routers that saw neither model of the pair and none of these questions (half of the questions with all
other models, and the gold labels):

{pro}

The paper's table 4 (MT-Bench, APGR of its best router 0.772 for Claude 3 Opus / Sonnet and 0.767 for Llama 3.1 70B / 8B)
needs MT-Bench answers of those models, which are not available here.
"""


def page(
    rows: Sequence[tuple[str, str, Sequence[Evaluation]]],
    gsm8k: Sequence[TransferResult],
    pro: Sequence[TransferResult],
    *,
    command: str,
    day: date,
    steps: int,
) -> str:
    """Return the whole page.

    Args:
        rows: router, training set, and its evaluations on `BENCHMARKS`.
        gsm8k: transfer on GSM8K.
        pro: transfer on MMLU-Pro.
        command: the command that made it.
        day: the date it was made.
        steps: of the encoder's training.
    """
    lines = [_HEAD.format(day=day.isoformat(), command=command, steps=steps)]
    lines += ["| trained on | router | MMLU | GSM8K | MT-Bench |", "|---|---|---|---|---|"]
    lines += [f"| {data} | {name} | {' | '.join(map(_cell, found))} |" for name, data, found in rows]
    lines.append(_PAPER.format(rows="\n".join(_paper_rows())))
    lines.append(_TRANSFER.format(gsm8k=_transfer_table(gsm8k), pro=_transfer_table(pro)))
    return "\n".join(lines)


def others_section(lines: Sequence[str], day: date) -> str:
    """Return the section on routers of others.

    Args:
        lines: its table.
        day: the date it was made.
    """
    return _OTHERS.format(heading=OTHERS_HEADING, day=day.isoformat(), table="\n".join(lines))


def with_others(page: str, section: str) -> str:
    """Return a page with this section in place of its last one, see `OTHERS_HEADING`."""
    return f"{page.partition(OTHERS_HEADING)[0].rstrip()}\n\n{section.rstrip()}\n"


def others_of(page: str) -> str:
    """Return a page's section on routers of others; "" if it has none."""
    _, heading, rest = page.partition(OTHERS_HEADING)
    return heading + rest


def _cell(e: Evaluation) -> str:
    low, high = e.intervals.apgr
    half, most = (100 * e.cpt[target] for target in (0.5, 0.8))
    return f"{half:.1f} / {most:.1f} / {e.apgr:.3f} ({low:.3f}-{high:.3f})"


def _paper_rows() -> list[str]:
    rows = []
    for position in range(len(PAPER_RESULTS["mmlu"])):
        found = [PAPER_RESULTS[name][position] for name in BENCHMARKS]
        cells = [f"{100 * row.cpt50:.1f} / {100 * row.cpt80:.1f} / {row.apgr:.3f}" for row in found]
        rows.append(f"| {found[0].router.split(',')[0]}, arena+ | {' | '.join(cells)} |")
    return rows


def _transfer_table(results: Sequence[TransferResult]) -> str:
    lines = [
        "| strong / weak | n | gap | zero-shot | 30 | 100 | length | chance |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.strong} / {one.weak} | {one.prompts} | {one.gap:.3f} | "
        f"{one.apgr:.3f} ({one.interval[0]:.3f}-{one.interval[1]:.3f}) | "
        f"{one.few[30]:.3f} | {one.few[100]:.3f} | {one.length:.3f} | {one.chance:.3f} |"
        for one in results
    ]
    return "\n".join(lines)
