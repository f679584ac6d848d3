"""`python -m tests.pictures`: takes the pictures in docs/images anew, in the sandbox that `make demo` left running.

It starts what `flowmart server up` starts, makes a release that waits for an approval in dev, and refuses it at the
end. It takes some minutes and needs Chromium. Look at what it made before you commit it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from deployments import profile
from deployments.cli.exit_codes import AWAITS_APPROVAL, DONE
from deployments.demo import releases
from deployments.demo.screen import ROOT, flowmart, say
from deployments.setup import put_tools_on_path
from tests.servers import browser, prefect_api
from tests.servers.browser import Browser

IMAGES = ROOT / "docs" / "images"

WAITING: Sequence[releases.Change] = (
    ("platform.yaml", r"(?m)^  dev:\n", "  dev:\n    gate: always\n"),
    ("cloudformation/order-events/parameters/{environment}.yaml", r"MaxReceives: \d+", "MaxReceives: 9"),
    ("kubernetes/overlays/{environment}/kustomization.yaml", r"LOG_LEVEL=\w+", "LOG_LEVEL=warning"),
)
"""A change for two tools, which waits for an approval in dev."""

_WIDTH = 1400

_DRAWN = 8.0
"""Seconds that a page has for what it draws after its text is there: graphs move into their place."""


@dataclass(frozen=True)
class Album:
    """A browser on the Prefect UI, the API that knows where there is what to be shown, and the board's address."""

    seen: Browser
    prefect: httpx.Client
    board: str

    def take(self, name: str, address: str, text: str, height: int = 860) -> None:
        """Photograph a page once a text is there."""
        self.seen.driver.set_window_size(_WIDTH, height)
        self.seen.driver.get(address if "://" in address else f"{self.seen.address}{address}")
        self.seen.reads(text)
        time.sleep(_DRAWN)
        self.seen.photograph(IMAGES / f"{name}.png")
        say(f"docs/images/{name}.png")

    def take_artifact(self, name: str, key: str, text: str, height: int = 860) -> None:
        """Photograph the newest artifact of a key."""
        asked = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": 1}
        (found,) = prefect_api.asked(self.prefect, "POST", "/artifacts/filter", asked)
        self.take(name, f"/artifacts/artifact/{found['id']}", text, height)

    def take_run(self, name: str, environment: str) -> None:
        """Photograph the first promotion to an environment: nothing was there, so every unit is applied."""
        wanted = {"state": {"type": {"any_": ["COMPLETED"]}}, "name": {"like_": f" to {environment}"}}
        asked = {"flow_runs": wanted, "sort": "START_TIME_ASC", "limit": 1}
        (run,) = prefect_api.asked(self.prefect, "POST", "/flow_runs/filter", asked)
        self.take(name, f"/runs/flow-run/{run['id']}", run["name"])

    def take_form(self, name: str, deployment: str, text: str, height: int) -> None:
        """Photograph the form of a deployment."""
        found = prefect_api.asked(self.prefect, "GET", f"/deployments/name/{deployment}")["id"]
        self.take(name, f"/deployments/deployment/{found}/run", text, height)


def main() -> None:
    """Take all pictures."""
    put_tools_on_path()
    profile.activate(ROOT)
    board = json.loads(flowmart("server", "up", "--json", good=(DONE,), quiet=True).stdout)["board"]
    api = os.environ["PREFECT_API_URL"]
    with prefect_api.opened(api) as prefect, browser.opened(api.removesuffix("/api")) as seen:
        _photograph(Album(seen, prefect, board))


def _photograph(album: Album) -> None:
    album.take_run("promotion", "shared")
    album.take_artifact("rolled-back", "flowmart--rollback--staging", "was rolled back", height=1000)
    release = releases.create(ROOT / ".flowmart" / "pictures", WAITING, "Retry orders more often, and log less")
    flowmart("promote", release, "--to", "shared", good=(DONE,))
    album.take_form("form", "promote/flowmart-promote-dev", release, height=1000)
    # By force, and over drift: the pictures may have been taken before, and nothing is applied.
    more = ("--force", "--accept-drift", "it is only looked at")
    flowmart("promote", release, "--to", "dev", *more, good=(AWAITS_APPROVAL,))
    try:
        album.take_artifact("plan", "flowmart--plan--dev--order-events", "what differs")
        album.take_artifact("approval", "flowmart--approval--dev", f"promote {release}", height=1100)
        album.take("runs", "/runs", f"promote {release} to dev", height=1250)
        album.take("board", album.board, "dev waits for approval", height=900)
    finally:
        _refuse(release)


def _refuse(release: str) -> None:
    """End what waits, as it was before."""
    shown = flowmart("approvals", "--json", good=(DONE,), quiet=True).stdout
    for request in json.loads(shown):
        if request["release"] == release:
            flowmart("refuse", request["digest"], "--reason", "It was only for the pictures.", good=(DONE,))


if __name__ == "__main__":
    main()
