"""What the real Terragrunt finds in a live repository when a release is made, and what it has against a bad one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Platform
from tasks.engines.terragrunt import record
from tests.peers.terragrunts import PROGRAM
from tests.platforms.terragrunt_live import INCLUDE, REMOTE, Live


@pytest.fixture(autouse=True)
def the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_TERRAGRUNT", PROGRAM)


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(tmp_path)


def platform_of(live: Live, release: str, into: Path) -> Platform:
    """The platform that a release declares, read without Terragrunt."""
    return manifest.load(live.runtime.releases().checkout(release, into))


def test_a_release_knows_the_units_of_every_environment_without_terragrunt(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.change("live/environments/dev/eu-west-1/edge/terragrunt.hcl", '["../app"]', '["../app", "../vpc"]')
    live.commit("An edge of dev only")
    release = live.release()
    monkeypatch.setenv("FLOWMART_TERRAGRUNT", "/nowhere/terragrunt")
    platform = platform_of(live, release, tmp_path / "checkout")
    needs = {unit.name: unit.needs for unit in platform.units_in("staging")}
    assert needs == {
        "eu-west-1-web-bucket": (),
        "eu-west-1-app": ("eu-west-1-db", "eu-west-1-vpc"),
        "eu-west-1-db": ("eu-west-1-vpc",),
        "eu-west-1-edge": ("eu-west-1-app",),
        "eu-west-1-vpc": (),
        "us-east-1-vpc": (),
    }
    assert {u.name: u.needs for u in platform.units_in("dev")}["eu-west-1-edge"] == ("eu-west-1-app", "eu-west-1-vpc")
    database = manifest.resolve(platform, "production", "eu-west-1-db")
    assert (database.source, database.protected) == ("live/environments/production/eu-west-1/db", True)
    assert database.time_limit == 300.0
    assert [check.name for check in manifest.resolve(platform, "dev", "eu-west-1-app").checks] == ["port"]


def test_a_unit_is_planned_again_only_for_what_it_reads(live: Live) -> None:
    releases = live.runtime.releases()
    before = releases.load(live.release()).units
    live.change("modules/database/main.tf", '"${terraform_data', '"db.${terraform_data')
    live.commit("Another endpoint")
    after = releases.load(live.release()).units
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {f"{name}/eu-west-1-db" for name in ("dev", "staging", "production")}


def test_a_tag_that_is_moved_does_not_change_a_release(live: Live, tmp_path: Path) -> None:
    first = live.release()
    assert live.release() == first
    live.tag("v1.0.0", REMOTE.replace("app", "moved"))
    checkout = live.runtime.releases().checkout(first, tmp_path / "checkout")
    (known,) = {*record.load(checkout).at("live/environments/dev/eu-west-1/app").sources.values()}  # type: ignore[union-attr]
    assert (checkout / known / "app/main.tf").read_text() == REMOTE
    assert live.release() != first
    assert live.runtime.releases().find(live.repository, "HEAD").id != first


def edit(path: str, content: str) -> Callable[[Live], None]:
    return lambda live: live.write(path, content)


def change(path: str, old: str, new: str) -> Callable[[Live], None]:
    return lambda live: live.change(path, old, new)


DEV = "live/environments/dev/eu-west-1"
BAD = [
    pytest.param(
        edit(f"{DEV}/vpc/terragrunt.hcl", "locals {\n  a = \n"),
        r"infrastructure/live/environments/dev: Terragrunt rejects it:\n"
        r"infrastructure/live/environments/dev/eu-west-1/vpc/terragrunt.hcl:2: Invalid expression",
        id="syntax-error",
    ),
    pytest.param(
        change(f"{DEV}/db/terragrunt.hcl", "../vpc", "../network"),
        "infrastructure/live/environments/dev.*network",
        id="dependency-that-is-not-there",
    ),
    pytest.param(
        edit(f"{DEV}/vpc/terragrunt.hcl", f'{INCLUDE}dependency "edge" {{\n  config_path = "../edge"\n}}\n'),
        "live/environments/dev: these units depend on each other in a circle: eu-west-1/app, .*eu-west-1/vpc",
        id="circle",
    ),
    pytest.param(
        change(f"{DEV}/db/terragrunt.hcl", "../vpc", "../../../staging/eu-west-1/vpc"),
        "eu-west-1/db: depends on ../staging/eu-west-1/vpc, which is in another environment: correct its config_path",
        id="dependency-in-another-environment",
    ),
    pytest.param(
        change("catalog/stacks/web/terragrunt.stack.hcl", "  values = { size = values.size }\n", ""),
        "infrastructure/live/environments/dev.*values",
        id="values-missing-in-a-stack",
    ),
    pytest.param(
        change(f"{DEV}/app/terragrunt.hcl", "?ref=v1.0.0", "?ref=main"),
        "eu-west-1/app: module terraform.source follows the branch main: use a tag or a commit",
        id="source-that-floats",
    ),
    pytest.param(
        change(f"{DEV}/app/terragrunt.hcl", "?ref=v1.0.0", "?ref=v9"),
        r"eu-west-1/app: git::file://\S+ cannot be fetched: ",
        id="tag-that-is-not-there",
    ),
    pytest.param(
        change(f"{DEV}/edge/terragrunt.hcl", "../../../../../modules//edge", "../../../../../../modules//edge"),
        "eu-west-1/edge: its source \\S+ is outside of infrastructure/",
        id="source-outside",
    ),
    pytest.param(
        change("platform.yaml", "root: live/environments/{environment}", "root: live/places/{environment}"),
        "terragrunt.root: dev has no folder infrastructure/live/places/dev: make it, or correct root",
        id="no-folder",
    ),
    pytest.param(
        change("platform.yaml", "root: live/environments/{environment}", "root: live/environments/dev"),
        "live/environments/dev is the folder of dev and of staging: write {environment} into it",
        id="one-folder-for-two-environments",
    ),
    pytest.param(
        change("platform.yaml", "eu-west-1/db:", "eu-west-1/database:"),
        "'eu-west-1/database' is not a unit that Terragrunt finds. Did you mean",
        id="unit-that-is-not-found",
    ),
    pytest.param(
        change("platform.yaml", "eu-west-1/db:", "eu-west-1/audit:"),
        "eu-west-1/audit is excluded",
        id="unit-that-is-excluded",
    ),
    pytest.param(
        edit(".flowmart/terragrunt/units.json", "{}"),
        "the folder .flowmart is FlowMart's: remove it",
        id="a-record-in-the-commit",
    ),
]


@pytest.mark.parametrize(("spoil", "told"), BAD)
def test_what_cannot_be_planned_is_not_released(live: Live, spoil: Callable[[Live], None], told: str) -> None:
    spoil(live)
    live.commit("Spoilt")
    with pytest.raises(InvalidInput, match=f"(?s){told}"):
        live.release()
