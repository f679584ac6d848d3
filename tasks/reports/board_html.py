"""Renders the board as one self-contained page: no script, font or picture; dark and light.

All foreign text is escaped, and the page's own style is the only thing that a browser may load.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from html import escape

from tasks.reports.board import Board, Cell, Column, Health
from tasks.reports.board_notices import Kind, Link, Notice

REFRESH = 30
"""Seconds after which a browser reloads the page."""

_STYLE = """
:root { color-scheme: light dark; --back: #f6f7f9; --front: #1a1f27; --soft: #5b6472; --card: #ffffff;
  --line: #d8dde4; --good: #176f37; --warn: #8a5300; --bad: #b3261e; --calm: #2356a8; --link: #1d4fa3; }
@media (prefers-color-scheme: dark) {
  :root { --back: #12161c; --front: #e7ebf0; --soft: #a0aab8; --card: #1b212a; --line: #343d4a;
    --good: #6fd08c; --warn: #f2b45c; --bad: #ff8f87; --calm: #8fb8ff; --link: #9cc0ff; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem; background: var(--back); color: var(--front);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; }
h2 { margin: 1.75rem 0 .5rem; font-size: 1.05rem; }
a { color: var(--link); }
code { font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.notices { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
.notices li { background: var(--card); border: 1px solid var(--line); border-left: .35rem solid var(--calm);
  border-radius: .4rem; padding: .6rem .8rem; overflow-wrap: anywhere; }
.notices .damaged, .notices .blocked, .notices .interrupted { border-left-color: var(--bad); }
.notices .approval, .notices .paused { border-left-color: var(--warn); }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .55rem .8rem; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { min-width: 11rem; font-weight: normal; }
thead strong { font-size: 1.05rem; }
tbody th { position: sticky; left: 0; background: var(--card); }
.good { color: var(--good); } .drifted, .unchecked, span.paused { color: var(--warn); }
.left, .bad { color: var(--bad); }
.cell b { font-weight: 600; }
.cell .soft { white-space: nowrap; }
@media (max-width: 44rem) {
  body { padding: .9rem; }
  table, tbody, tr, td, tbody th { display: block; width: 100%; }
  thead { display: block; } thead tr { display: grid; gap: .25rem; } thead th { display: block; }
  thead th:first-child, td:empty { display: none; }
  tbody th { position: static; padding-bottom: 0; border-bottom: 0; font-size: 1.05rem; }
  td { padding-top: .2rem; padding-bottom: .2rem; border-bottom: 0; }
  tbody tr { border-bottom: 1px solid var(--line); padding-bottom: .4rem; }
  td::before { content: attr(data-environment) ": "; color: var(--soft); }
}
"""

_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""The HTTP headers to send with the page."""

_COMMAND = re.compile(r"`(flowmart [^`]+)`")

_CLASSES = {Health.UNCHECKED: "unchecked", Health.LEFT_BEHIND: "left", Health.ABSENT: "soft"}


def page(found: Board) -> str:
    """Return the whole page."""
    name = escape(found.platform)
    rows = "".join(_rows(found))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}: board</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="refresh" content="{REFRESH}"><style>{_STYLE}</style></head><body><main>'
        f'<h1>{name}</h1><p class="soft">As the ledger has it, {_moment(found.at)} UTC. '
        f"This page renews itself.{_links(found.links)}</p>"
        f"<h2>Now</h2>{_notices(found.notices)}<h2>Units and environments</h2>"
        f'<div class="wide"><table>{_head(found)}<tbody>{rows}</tbody></table></div></main></body></html>\n'
    )


def _notices(notices: tuple[Notice, ...]) -> str:
    if not notices:
        return '<p class="soft">Nothing runs or waits for people; no environment is frozen or needs an operator.</p>'
    items = (
        f'<li class="{"approval" if "approval" in notice.kind.value else notice.kind.value}">'
        f"<strong>{escape(notice.environment)} {escape(notice.kind.value)}</strong><br>{_text(notice.text)}"
        f"{_links(notice.links)}</li>"
        for notice in notices
    )
    return f'<ul class="notices">{"".join(items)}</ul>'


def _head(found: Board) -> str:
    columns = "".join(f'<th scope="col">{_column(found, column)}</th>' for column in found.columns)
    return f'<thead><tr><th scope="col"><span class="soft">unit</span></th>{columns}</tr></thead>'


def _column(found: Board, column: Column) -> str:
    after = f' <span class="soft">after {escape(", ".join(column.after))}</span>' if column.after else ""
    release = f"<br>{_release(column.release, column.subject)}" if column.release else ""
    arriving = f"<br>→ {_release(column.arriving, column.arriving_subject)}" if column.arriving else ""
    since = (
        f'<br><span class="soft">since {_moment(column.since)}, {found.age(column.since)}</span>'
        if column.since
        else ""
    )
    # A paused environment needs a decision, any other alarm a repair.
    alarm = f' class="{"paused" if column.alarm is Kind.PAUSED else "bad"}"' if column.alarm else ""
    said = "; ".join(filter(None, (column.words, column.coming)))
    return (
        f"<strong>{escape(column.name)}</strong>{after}{release}{arriving}<br><span{alarm}>{_text(said)}</span>"
        f"{since}{_links(column.links)}"
    )


def _text(said: str) -> str:
    """Return a sentence as HTML, with the commands between backticks as code."""
    return _COMMAND.sub(r"<code>\1</code>", escape(said))


def _release(name: str, subject: str) -> str:
    return f"<code>{escape(name)}</code> {escape(subject)}".rstrip()


def _rows(found: Board) -> Iterator[str]:
    for unit in found.units:
        cells = "".join(_cell(found, column.name, found.cells.get((unit, column.name))) for column in found.columns)
        yield f'<tr><th scope="row">{escape(unit)}</th>{cells}</tr>'


def _cell(found: Board, environment: str, cell: Cell | None) -> str:
    if cell is None:
        return "<td></td>"
    kind = _CLASSES.get(cell.health, cell.health.value)
    drifted = f": {cell.drifted} object{'s' if cell.drifted > 1 else ''}" if cell.drifted else ""
    when = f' <span class="soft">{found.age(cell.since)}</span>' if cell.since else ""
    release = f" <code>{escape(cell.release)}</code>" if cell.release else ""
    return (
        f'<td class="cell" data-environment="{escape(environment)}"><b class="{kind}">'
        f"{escape(cell.health.value)}{drifted}</b>{_links(cell.links)}{release}{when}</td>"
    )


def _links(links: tuple[Link, ...]) -> str:
    found = (f' <a href="{escape(link.url)}">{escape(link.text)}</a>' for link in links if _is_web(link.url))
    return "".join(found)


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
