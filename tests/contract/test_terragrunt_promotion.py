"""A live repository through its environments, with the real Terragrunt: forwards, back, and after a kill."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployments.cli import artefacts
from tasks.domain.errors import FlowmartError
from tasks.drift import DriftReport, compare
from tasks.ledger.history import History
from tasks.promotion import applying, claims, planning, recovery
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import LocalExecutor
from tasks.releases import records
from tests.peers.terragrunts import PROGRAM
from tests.platforms.terragrunt_live import REMOTE, Live

EAST = "live/environments/{}/eu-west-1"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FLOWMART_TERRAGRUNT", PROGRAM)
        yield Live(tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def first(live: Live) -> str:
    """The first release, verified in dev and staging though its remote module's tag was moved meanwhile."""
    release = live.release()
    live.tag("v1.0.0", REMOTE.replace("value = var.port", "value = 1"))
    live.promote(release)
    live.promote(release, "staging")
    live.tag("v1.0.0", REMOTE)
    return release


def drift(live: Live, release: str) -> DriftReport:
    with opened(live.runtime, release, "dev") as run:
        return compare(run, LocalExecutor(4))[0]


def test_a_release_is_promoted_with_real_outputs_only(live: Live, first: str) -> None:
    for environment in ("dev", "staging"):
        applied = live.outputs("eu-west-1/app", environment)
        assert applied == {"port": 8080, "database": f"{environment}-eu-west-1/vpc-{environment}-eu-west-1.db"}
        assert live.outputs("us-east-1/vpc", environment) == {"id": f"vpc-{environment}-us-east-1"}
    state = live.runtime.ledger().state("staging")
    assert state.verified == first
    assert not (live.states / "environments/dev/eu-west-1/audit").exists()
    receipt = state.receipts["eu-west-1-db"]
    assert receipt.details["state"].endswith("environments/staging/eu-west-1/db/terraform.tfstate")
    assert receipt.outputs["password"] != "not-for-staging-eu-west-1"


def test_nothing_is_planned_twice_and_nothing_has_drifted(live: Live, first: str) -> None:
    with opened(live.runtime, first, "dev") as run:
        planned = planning.plan(run, "eu-west-1-db", {})
    assert getattr(planned, "why", "") == "is up to date"
    assert drift(live, first).drifted == ()


def test_a_release_that_is_bad_is_rolled_back(live: Live, first: str) -> None:
    before = live.outputs("eu-west-1/app"), live.outputs("eu-west-1/db")
    live.change("modules/database/main.tf", "}.db", "}.database")
    live.change(f"{EAST.format('dev')}/app/terragrunt.hcl", "= 8080", "= 9090")
    live.commit("Another port, which the check does not expect")
    bad = live.release()
    live.change("modules/database/main.tf", "}.database", "}.db")
    live.change(f"{EAST.format('dev')}/app/terragrunt.hcl", "= 9090", "= 8080")
    with pytest.raises(FlowmartError):
        live.promote(bad)
    assert (live.outputs("eu-west-1/app"), live.outputs("eu-west-1/db")) == before
    state = live.runtime.ledger().state("dev")
    assert bad in state.rejected
    assert state.verified == first


def test_modules_that_were_not_verified_upstream_are_not_applied(live: Live, first: str) -> None:
    live.tag("v2.0.0", f"{REMOTE}# later\n")
    live.change(f"{EAST.format('staging')}/app/terragrunt.hcl", "v1.0.0", "v2.0.0")
    live.change(f"{EAST.format('staging')}/app/terragrunt.hcl", "8080", "8081")
    live.commit("A newer module in staging only")
    release = live.release()
    live.promote(release)
    told = r"app: its modules and shared files are not those of dev: git::file://\S+v1.0.0, git::file://\S+v2.0.0"
    with pytest.raises(FlowmartError, match=told):
        live.promote(release, "staging")
    assert live.outputs("eu-west-1/app", "staging")["port"] == 8080
    history = History(live.runtime.settings, store=live.store)
    (made_of,) = artefacts.unlike(
        history, ("dev", {"eu-west-1-app": release}), ("staging", {"eu-west-1-app": release})
    ).values()
    assert [source.partition("?")[2] for source in made_of] == ["ref=v1.0.0", "ref=v2.0.0"]
    live.change("modules/database/main.tf", "}.db", "}.database")
    live.commit("Another endpoint")
    later, database = live.release(), "eu-west-1-db"
    assert artefacts.unlike(history, ("dev", {database: first}), ("staging", {database: first})) == {}
    assert artefacts.unlike(history, ("dev", {database: later}), ("staging", {database: first})) == {
        database: ["modules/database/main.tf"]
    }
    live.change("modules/database/main.tf", "}.database", "}.db")


def test_a_run_that_was_killed_is_recovered(live: Live, first: str) -> None:
    live.change("modules/vpc/main.tf", '"vpc-', '"network-')
    live.commit("Another name of the network")
    release = live.release()
    with opened(live.runtime, release, "dev") as run:
        claims.claim(run.ledger, "dev", release, "promote", 0.0, records.digest(run.release), run.provenance)
        applying.apply(run, "us-east-1-vpc", planning.plan(run, "us-east-1-vpc", {}))
    assert live.outputs("us-east-1/vpc")["id"] == "network-dev-us-east-1"
    assert recovery.recover(live.runtime, LocalExecutor(4), "dev", run_is_over=True)
    assert live.runtime.ledger().state("dev").claim is None
    assert live.outputs("us-east-1/vpc")["id"] == "vpc-dev-us-east-1"
