"""Links to the log lines of a run, a claim or a release.

platform.yaml may declare the link; otherwise a command shows the lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from tasks.domain.platform import Environment
from tasks.logs.documents import trace_id
from tasks.manifest import placeholders
from tasks.manifest.logging import LINKED


def link(environment: Environment, *, run: str = "", claim: str = "", release: str = "") -> str:
    """Return the address of exactly these lines; "" if none is declared, or it needs an unknown id.

    Args:
        environment: declares the link.
        run: the run's id in the run history.
        claim: the ledger entry of the claim, such as `staging/23`.
        release: the release's id.
    """
    known = {"trace": trace_id(run), "claim": claim, "release": release}
    needed = [name for name in LINKED if f"{{{name}}}" in environment.log_link]
    if not environment.log_link or not all(known[name] for name in needed):
        return ""
    return str(placeholders.fill(environment.log_link, {name: quote(known[name], safe="") for name in needed}))


def link_or_command(environment: Environment, *, run: str = "", claim: str = "", release: str = "") -> str:
    """Return the link, or the command that shows the same lines; "" if all ids are empty."""
    found = link(environment, run=run, claim=claim, release=release)
    subject = run or claim or release
    return found or (f"flowmart logs {subject}" if subject else "")


def footer(environments: Mapping[str, Environment], names: Sequence[str], run: str) -> str:
    """Return the last line of a page, as Markdown, which leads to the run's log; "" outside of a run.

    Args:
        environments: the declared ones, by name.
        names: the environments that the page is about.
        run: the run's id in the run history.
    """
    if not run:
        return ""
    found = (link(environments[name], run=run) for name in names if name in environments)
    address = next(filter(None, found), "")
    return f"\n\n[Log of this run]({address})" if address else f"\n\nLog of this run: `flowmart logs {run}`"
