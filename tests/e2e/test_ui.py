"""What a person does in the Prefect UI, in a real browser: choose a release, start it, read what happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox import Sandbox
from tasks.promotion import approval_requests
from tests.platforms.mini import PLATFORM
from tests.servers import browser
from tests.servers.browser import Browser
from tests.servers.served import Served, at_a_sandbox

pytestmark = pytest.mark.sandbox


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in, and the server that they look at."""

    browser: Browser
    served: Served

    def opens(self, deployment: str) -> None:
        self.browser.open(f"/deployments/deployment/{self.served.deployment(deployment)['id']}")

    def starts_custom_run(self) -> None:
        self.browser.click("//button[contains(@class, 'run-menu')]")
        self.browser.click("//a[normalize-space(.)='Custom run']")

    def writes(self, field: str, text: str) -> None:
        self.browser.sees(f"//*[normalize-space(text())={field!r}]/following::textarea[1]").send_keys(text)

    def submits(self, deployment: str) -> Any:
        """Submit the form of a deployment; its run, once that has ended."""
        before = self.served.runs(deployment)
        self.browser.submit()
        run = self.served.new_run(deployment, before)
        self.browser.leave()
        return self.served.ended(run)


@pytest.fixture(scope="module")
def served(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with at_a_sandbox(sandbox, tmp_path_factory.mktemp("served")) as found:
        found.mini.release("Painted blue")
        found.up()
        yield found


@pytest.fixture(scope="module")
def person(served: Served) -> Iterator[Person]:
    with browser.opened(served.variables["PREFECT_API_URL"].removesuffix("/api")) as opened:
        opened.log_in(served.layout.password.read_text())
        opened.leave()
        yield Person(opened, served)


def test_a_stranger_sees_nothing_but_the_login(served: Served) -> None:
    with browser.opened(served.variables["PREFECT_API_URL"].removesuffix("/api")) as stranger:
        stranger.open("/deployments")
        stranger.sees("//input[@type='password']")


def test_a_person_chooses_a_release_starts_it_and_reads_what_happened(person: Person, tmp_path: Path) -> None:
    served, seen = person.served, person.browser
    served.mini.paint("dev", "green")
    release = served.mini.release("Paint dev green")
    served.choices("promote/flowmart-promote-dev", "release", release.id)

    person.opens("promote/flowmart-promote-dev")
    person.starts_custom_run()
    seen.reads("would touch first, second")
    assert "Paint dev green" in seen.choose("Release", release.id)
    run = person.submits("promote/flowmart-promote-dev")
    assert (run["state_type"], run["parameters"]["environment"]) == ("COMPLETED", "dev")
    assert served.history.state("dev").verified == release.id

    seen.open(f"/runs/flow-run/{run['id']}")
    seen.reads(f"promote {release.id} to dev")
    seen.sees("//canvas")
    seen.click("//li[normalize-space(.)='Artifacts']")
    seen.reads("Plan of")


def test_what_a_release_would_do_can_be_seen_before(person: Person) -> None:
    served, seen = person.served, person.browser
    served.mini.paint("dev", "red")
    release = served.mini.release("Paint dev red")
    served.choices("promote/flowmart-promote-dev", "release", release.id)

    person.opens("promote/flowmart-promote-dev")
    person.starts_custom_run()
    seen.follow("//a[normalize-space(.)='See exactly what it would do']")
    seen.reads(f"{release.id} · Paint dev red")
    run = person.submits("plan/flowmart-plan")
    assert run["name"] == f"plan {release.id} in dev"
    assert served.history.state("dev").verified != release.id


def test_what_waits_for_an_approval_is_read_approved_and_done(person: Person) -> None:
    served, seen = person.served, person.browser
    served.mini.write("platform.yaml", PLATFORM.replace("  staging: {", "  staging: {gate: approval, "))
    for environment in ("dev", "staging"):
        served.mini.paint(environment, "green")
    release = served.mini.release("Paint staging green")
    seen.leave()
    done = served.ended(served.start("promote/flowmart-promote-dev", release=release.id))
    assert done["state_type"] == "COMPLETED", done["state"]["message"]

    asked = served.ended(served.start("promote/flowmart-promote-staging", release=release.id))
    assert (asked["state_name"], served.history.state("staging").receipts) == ("AwaitingApproval", {})
    (request,) = approval_requests.waiting(served.history.ledger, datetime.now(UTC))
    seen.open(f"/runs/flow-run/{asked['id']}")
    seen.reads("AwaitingApproval")
    seen.click("//li[normalize-space(.)='Artifacts']")
    seen.click("//a[contains(@href, 'artifact')][.//text()[contains(., 'approval--staging')]]")
    seen.reads(f"staging wants an approval: promote {release.id}")

    served.choices("approve/flowmart-approve", "digest", request.short)
    person.opens("approve/flowmart-approve")
    person.starts_custom_run()
    seen.choose("Plan set", request.short)
    person.writes("Your name", "Anna")
    run = person.submits("approve/flowmart-approve")
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert run["name"] == f"approve {request.short}"
    assert served.history.state("staging").verified == release.id
    (said,) = [entry.body for entry in served.history.ledger.entries("staging") if entry.kind == "approved"]
    assert (said["by"], said["how"], said["identity"]) == ("Anna", "Prefect UI", "nothing")
