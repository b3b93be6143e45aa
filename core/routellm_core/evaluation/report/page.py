"""The report's page: sections, style and script in one file that needs no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from os import PathLike
from pathlib import Path

from routellm_core.checkpoints.whole_file import replaced_whole
from routellm_core.evaluation.report.figures import curve_figure, histogram_figure, marker_places
from routellm_core.evaluation.report.section import ReportSection, points_of, section_data

_FOLDER = Path(__file__).parent

_TOKENS = ("input", "cached input", "output")

# Nothing is fetched, sent or embedded, whatever a prompt contains.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)

DECISIONS = 1000
"""Decisions a month, if the log does not say."""

ASSUMED_VOLUME = "decisions a month (assumed)"


def write_report(path: str | PathLike[str], title: str, sections: Sequence[ReportSection]) -> None:
    """Write the page; a file that is there is replaced whole.

    Raises:
        ImportError: names the extra that is missing.
        OSError: the file can't be written.
    """
    page = report_page(title, sections)
    with replaced_whole(Path(path)) as stream:
        stream.write(page.encode("utf-8", "replace"))


def report_page(title: str, sections: Sequence[ReportSection]) -> str:
    """Return the page's markup."""
    style, script = ((_FOLDER / name).read_text("utf-8") for name in ("page.css", "page.js"))
    body = "\n".join(_section(section, f"s{number}") for number, section in enumerate(sections))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<h1>{escape(title)}</h1>
{body}
<script>
{script}</script>
</body>
</html>
"""


def _section(section: ReportSection, prefix: str) -> str:
    points = points_of(section)
    curve, spread = curve_figure(section, points, f"{prefix}a"), histogram_figure(section, f"{prefix}b")
    data = section_data(section, points)
    data["frames"] = {"curve": curve.frame, "scores": spread.frame}
    data["places"] = marker_places(points)
    notes = "".join(f"<li>{escape(note)}</li>" for note in section.notes)
    what = "Quality over cost" if section.labelled is not None else "What a share costs"
    return f"""<section data-report>
<h2>{escape(section.title)}</h2>
<p class="headline">{escape(section.headline)}</p>
<div class="panel controls">
<label for="{prefix}-slider">Threshold: all to {escape(section.strong)} on the left, all to
{escape(section.weak)} on the right</label>
<input type="range" id="{prefix}-slider" data-is="slider" min="0" max="1" step="1" value="0">
<dl class="numbers">{_numbers(section)}</dl>
</div>
<div class="figures">
<figure class="panel">{curve.svg}<figcaption>{what}</figcaption></figure>
<figure class="panel">{spread.svg}<figcaption>Scores of the decisions</figcaption></figure>
</div>
{_prices(section, prefix)}
{_texts(section)}
<h3>Assumptions</h3>
<ul class="notes">{notes}</ul>
<script type="application/json">{_json(data)}</script>
</section>"""


def _numbers(section: ReportSection) -> str:
    shown = [("threshold", "threshold"), ("share", f"decisions to {section.strong}")]
    if section.prices is not None:
        shown += [("cost", "a month"), ("saved", "saved"), ("full", f"a month, always {section.strong}")]
    if section.labelled is not None:
        shown += [("quality", "quality"), ("band", "95 % interval"), ("kept", f"of {section.strong} alone")]
    return "".join(f'<div><dt>{escape(words)}</dt><dd data-is="{name}"></dd></div>' for name, words in shown)


def _prices(section: ReportSection, prefix: str) -> str:
    if section.prices is None:
        return ""
    known = section.decisions_a_month
    volume, month = ("decisions a month", known) if known is not None else (ASSUMED_VOLUME, DECISIONS)
    fields = [_field(f"{prefix}-volume", "volume", volume, round(month))]
    for side, name, price in zip(
        ("strong", "weak"), (section.strong, section.weak), section.prices, strict=True
    ):
        cached = price.input if price.cached_input is None else price.cached_input
        for kind, value in enumerate((price.input, cached, price.output)):
            fields.append(
                _field(f"{prefix}-{side}-{kind}", f"price-{side}-{kind}", f"{name}: {_TOKENS[kind]}", value)
            )
    return (
        '<div class="panel"><h3>Your volume, and your prices per million tokens</h3>'
        f'<div class="prices">{"".join(fields)}</div></div>'
    )


def _field(identity: str, name: str, label: str, value: float) -> str:
    return (
        f'<label for="{identity}">{escape(label)}<input id="{identity}" data-is="{name}" type="number" '
        f'min="0" step="any" value="{value!r}"></label>'
    )


def _texts(section: ReportSection) -> str:
    lists = [
        ("below", f"Just below the threshold, so to {section.weak}"),
        ("above", f"Just above it, so to {section.strong}"),
    ]
    if section.labelled is not None:
        lists += [
            ("lost", f"Worst losses: to {section.weak}, though {section.strong} is better (weak → strong)"),
            ("wasted", f"Wasted money: to {section.strong}, though {section.weak} is better"),
        ]
    boxes = "".join(
        f'<div class="panel"><h3>{escape(words)}</h3><ol class="texts" data-is="{name}"></ol></div>'
        for name, words in lists
    )
    return f'<div class="sides">{boxes}</div>'


def _json(data: object) -> str:
    # Only "</" ends a script element, and "<!--" changes what ends it: no "<" remains.
    text = json.dumps(data, allow_nan=False, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
