"""The record of one instance as a page: header, data, timeline and diagram. Pure text; every value is escaped.

What is printed is what was on record at a step, so the page has no time of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from workflows.definition.exchange.labels import arrow_label, state_label
from workflows.definition.exchange.svg import svg
from workflows.definition.program import Program, State
from workflows.domain.records import InstanceSummary, SignatureEntry, StepEntry

MOST_STEPS = 500
"""Printed steps; of a longer log the latest."""
_LONGEST = 2000
"""Characters of one printed value."""


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    title: str
    """Of the document."""
    plant: str
    """Name of the tenant."""
    zone: ZoneInfo
    summary: InstanceSummary
    program: Program
    steps: Sequence[StepEntry]
    """In order; at most `MOST_STEPS`."""
    signatures: Sequence[SignatureEntry] = ()
    """In the order in which they were given."""


def compose(record: InstanceRecord) -> str:
    """A complete HTML page that refers to nothing outside itself."""
    names = dict(_states(record.program.states))
    labels = {state_id: state_label(state) for state_id, state in names.items()}
    parts = [
        _header(record, labels),
        "<h2>Data</h2>",
        _data(record),
        "<h2>Timeline</h2>",
        _timeline(record, names, labels),
        *_signatures(record),
        '<h2 class="diagram">Process</h2>',
        _diagram(record),
    ]
    body = "\n".join(parts)
    title = escape(record.title)
    head = f'<meta charset="utf-8"><title>{title}</title>\n{_style(record)}'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _header(record: InstanceRecord, labels: Mapping[str, str]) -> str:
    about = record.summary
    rows = {
        "Number": about.number,
        "Process": f"{record.program.title} {record.program.version}",
        "State": _named(about.state.split(","), labels),
        "Created": f"{_local(about.created_at, record.zone)} by {about.creator or 'system'}",
        "Last change": f"{_local(about.updated_at, record.zone)} (step {about.seq})",
        "Ended": _local(about.ended_at, record.zone) if about.ended_at else "",
        "Definition": about.digest,
    }
    cells = "".join(f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in rows.items() if value)
    heading = f'<p class="plant">{escape(record.plant)}</p><h1>{escape(record.title)}</h1>'
    return f'{heading}<table class="facts">{cells}</table>'


def _data(record: InstanceRecord) -> str:
    lines = [(".".join(path), value) for path, value in _flat(record.summary.data, ())]
    if not lines:
        return "<p>None.</p>"
    titles = _titles(record.program.data_schema)
    rows = "".join(
        f"<tr><th>{escape(titles.get(path, path))}</th><td>{escape(_shown(value, record.zone))}</td></tr>"
        for path, value in lines
    )
    return f'<table class="facts">{rows}</table>'


def _timeline(record: InstanceRecord, names: Mapping[str, State], labels: Mapping[str, str]) -> str:
    verbs = _verbs(names)
    rows = []
    if record.steps and record.steps[0].seq > 1:
        rows.append(f'<tr><td colspan="5">Steps 1 to {record.steps[0].seq - 1} are not printed.</td></tr>')
    for step in record.steps:
        what = ", ".join(dict.fromkeys(verbs[taken] for taken in step.taken if verbs.get(taken))) or step.event
        who = str(step.actor.get("name") or step.username)
        cells = (
            str(step.seq),
            _local(step.at, record.zone),
            who if who == step.username else f"{who} ({step.username})",
            what + (f": {step.reason}" if step.reason else ""),
            _named(step.after, labels),
        )
        rows.append("<tr>" + "".join(f"<td>{escape(cell[:_LONGEST])}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{name}</th>" for name in ("Step", "Time", "Who", "What", "State after"))
    return f'<table class="log"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _signatures(record: InstanceRecord) -> list[str]:
    """Heading and table; nothing when nobody has signed."""
    if not record.signatures:
        return []
    rows = []
    for place, given in enumerate(record.signatures):
        following = next((other for other in record.signatures[place + 1 :] if other.code == given.code), None)
        void = following is not None and following.voids
        cells = (
            str(given.seq),
            f"{given.signed_at:%Y-%m-%d %H:%M:%S} UTC",
            f"{given.printed_name} ({given.username})" + (f" for {given.on_behalf_of}" if given.on_behalf_of else ""),
            f"{given.meaning}: {given.code}" + (" (void: the content was changed)" if void else ""),
            given.content_hash,
        )
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{name}</th>" for name in ("Step", "Signed", "By", "Meaning", "Content"))
    table = f'<table class="log"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return ["<h2>Signatures</h2>", table]


def _diagram(record: InstanceRecord) -> str:
    visited = {state for step in record.steps for state in step.after}
    return f'<div class="drawing">{svg(record.program, record.summary.states, visited)}</div>'


def _style(record: InstanceRecord) -> str:
    foot = _css_text(f"{record.summary.number} · {record.title}")
    return f"""<style>
@page {{ size: A4; margin: 18mm 16mm 20mm;
  @bottom-left {{ content: {foot}; font-size: 8pt; color: #555; }}
  @bottom-right {{ content: counter(page) " / " counter(pages); font-size: 8pt; color: #555; }} }}
body {{ font-family: "DejaVu Sans", Arial, Helvetica, sans-serif; font-size: 9pt; color: #1d2733; }}
h1 {{ font-size: 16pt; margin: 0 0 4mm; }}
h2 {{ font-size: 11pt; margin: 7mm 0 2mm; break-after: avoid; }}
.plant {{ margin: 0; color: #555; }}
table {{ border-collapse: collapse; width: 100%; table-layout: fixed; }}
td, th {{ border-bottom: 0.3pt solid #b8c0c8; padding: 1mm 2mm; text-align: left; vertical-align: top;
  overflow-wrap: break-word; }}
tr {{ break-inside: avoid; }}
.facts th {{ width: 32%; font-weight: normal; color: #555; }}
.facts td {{ white-space: pre-wrap; }}
.log th {{ font-size: 8pt; color: #555; }}
.log th:nth-child(1) {{ width: 9%; }} .log th:nth-child(2) {{ width: 20%; }} .log th:nth-child(3) {{ width: 20%; }}
.drawing {{ break-inside: avoid; }}
.drawing svg {{ max-width: 178mm; max-height: 220mm; }}
</style>
"""


def _states(states: Sequence[State]) -> Iterator[tuple[str, State]]:
    for state in states:
        yield state.id, state
        yield from _states(state.children)


def _verbs(names: Mapping[str, State]) -> dict[str, str]:
    """Transition id -> its title, or what the diagram writes at its arrow."""
    return {
        transition.id: transition.title or arrow_label(state, transition, guards=False)
        for state in names.values()
        for transition in state.transitions
    }


def _named(state_ids: Sequence[str], labels: Mapping[str, str]) -> str:
    return ", ".join(labels.get(state_id, state_id) for state_id in state_ids)


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Leaves with their paths, in the order of the data; positions of lists count from 1."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat(item, (*path, str(name)))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value, 1):
            yield from _flat(item, (*path, str(number)))
    elif path:
        yield path, value


def _titles(schema: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Path -> title, of the properties that have one."""
    found: dict[str, str] = {}
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        if not isinstance(inner, Mapping):
            continue
        if isinstance(inner.get("title"), str):
            found[f"{prefix}{name}"] = inner["title"]
        found |= _titles(inner, f"{prefix}{name}.")
    return found


def _shown(value: Any, zone: ZoneInfo) -> str:
    if value is None or value in ({}, []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = str(value)
    if isinstance(value, str) and len(value) >= 20 and value[10:11] == "T":
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            return text[:_LONGEST]
        return _local(moment, zone) if moment.tzinfo else text
    return text[:_LONGEST]


def _local(moment: dt.datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _css_text(text: str) -> str:
    """A CSS string; what could end the string, or the style element around it, is written as a code point."""
    safe = "".join(one if one.isalnum() or one in " -_.·/" else f"\\{ord(one):x} " for one in text)
    return f'"{safe}"'
