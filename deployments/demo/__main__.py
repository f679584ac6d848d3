"""The demo: a good release promoted to production, two bad ones rolled back in staging, drift detected in dev.

Everything is real except the cloud: terraform, its state and locks, the policies, the smoke checks, Prometheus, the
Prefect run history. Each step is a `flowmart` command, printed before it runs, so that it can be repeated by hand.
"""

from __future__ import annotations

import os

from deployments import profile
from deployments.demo import releases, shipped
from deployments.demo.screen import ROOT, flowmart, say, title
from deployments.demo.world import change_by_hand, count_pods, count_resources
from deployments.sandbox import charts, monitoring, searching, terragrunts
from deployments.setup import put_tools_on_path
from tasks import settings
from tasks.ledger.history import History
from tasks.logs.reading import Wanted

CLONE = ROOT / ".flowmart" / "demo"


def main() -> None:
    """Run all steps; exit with 1 at the first one with an unexpected result."""
    put_tools_on_path()
    title("1. Start a sandbox: AWS with one account per environment, and a Prefect server, all on this machine.")
    flowmart("sandbox", "down", good=(0,), quiet=True)  # A second demo starts from scratch too.
    flowmart("sandbox", "up", good=(0,))
    profile.activate(ROOT)
    os.environ.setdefault("FLOWMART_LOG_FOLDER", str(ROOT / ".flowmart" / "log"))
    good = releases.release_of(ROOT)
    title("2. Promote release A, this repository's infrastructure at HEAD, to dev, staging and production.")
    absences = {
        "the second region": terragrunts.missing(),
        "the log's templates": searching.missing(),
        "monitoring in the clusters": charts.missing(),
    }
    for what, absent in absences.items():
        if absent:
            say(f"   Left out: {what}. {absent[0].upper()}{absent[1:]}")
    flowmart("promote", good, good=(0,))
    count_resources()
    count_pods()
    promote_failing()
    title("4. Promote release C, with a change for every tool: image, instances, queues, cluster, cart, bastion.")
    say("   It works in dev. In staging, cart 2.0.1 crashes: its check fails, and all six tools roll back to A.")
    bad = releases.create(CLONE, releases.CRASHING, "New image and cart 2.0.1")
    flowmart("promote", bad, good=(1,))
    title("5. Detect drift: open a port, change a tag and scale a deployment by hand in dev, without a review.")
    change_by_hand("dev")
    flowmart("drift", "dev", good=(2,))
    title("6. Show what happened, and which release is where.")
    flowmart("status", good=(0,))
    flowmart("history", "staging", "--limit", "12", good=(0,))
    flowmart("audit", good=(0,))
    show_log(bad)
    write_documentation()
    show_next_steps(good, bad)


def promote_failing() -> None:
    """Promote a bad release whose errors show only in metrics."""
    title("3. Promote release B: cart 2.0.0 starts and passes its checks, but fails 8 % of its requests in staging.")
    if missing := monitoring.missing():
        say(f"   Left out: {missing}")
        return
    say("   Prometheus shows it half a minute after the apply, and the cart is rolled back to A.")
    failing = releases.create(CLONE, releases.FAILING, "Cart 2.0.0")
    flowmart("promote", failing, good=(1,))


def show_log(bad: str) -> None:
    """Show the log of the run that rejected a release."""
    title("7. Find the lines of the run that rejected release C, among all that was logged.")
    entries = reversed(History(settings.load()).ledger.entries("staging"))
    claim = next(each for each in entries if each.kind == "claimed" and each.body["release"] == bad)
    run = claim.run or claim.id
    if why := shipped.why_not(Wanted(run, "warning")):
        say(f"   They are read from files, which any shipper can read: {why}")
        flowmart("logs", run, "--level", "warning", good=(0,))
    else:
        say("   rsyslog has shipped them to the sandbox's OpenSearch, which finds them.")
        flowmart("logs", run, "--level", "warning", "--cluster", good=(0,))


def write_documentation() -> None:
    """Write the platform's documentation from its code and its ledger."""
    title("8. Write the documentation of all this, from the code and the ledger: graphs, units, what is where.")
    flowmart("docs", str(ROOT / ".flowmart" / "docs"), good=(0,))


def show_next_steps(good: str, bad: str) -> None:
    """Print the address of the run history, and commands to try."""
    ui = os.environ["PREFECT_API_URL"].removesuffix("/api")
    title(f"Done. The run history, with every plan and check: {ui}")
    say(f"   Release A is {good}, release C is {bad}. Some things to try:")
    for command, what in (
        ("server up", "the board, forms in the Prefect UI, and schedules; prints the addresses"),
        (f"show {bad}", "release C, and where it was rejected"),
        ("diff dev staging", "what differs, who changed it, and when"),
        ("reconcile dev", "repair the drift"),
        ("rollback dev", "back to the release that was there before"),
        ("promote", "what you have committed, through all environments"),
        ("--help", "everything else"),
    ):
        say(f"     .venv/bin/flowmart {command:20}# {what}")
    say("   The sandbox keeps running; `make down` stops it. README.md says where to read on.")


if __name__ == "__main__":
    main()
