"""platform.yaml becomes the platform, and a unit of it what is deployed to one environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks import manifest
from tasks.checks.options import OPTIONS
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Platform, Roles, Unit
from tasks.engines import interface
from tasks.manifest import document, placeholders
from tasks.manifest.notation import seconds
from tasks.manifest.schema import text

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"


@pytest.fixture(scope="module")
def flowmart() -> Platform:
    return manifest.load(INFRASTRUCTURE)


def test_flowmart_goes_from_shared_to_production(flowmart: Platform) -> None:
    assert [(e.name, e.account, e.after) for e in flowmart.environments] == [
        ("shared", "111111111111", ()),
        ("dev", "222222222222", ("shared",)),
        ("staging", "333333333333", ("dev",)),
        ("production", "444444444444", ("staging",)),
    ]


def test_environments_are_in_promotion_order_however_they_are_written(tmp_path: Path) -> None:
    entries = {
        "last": {"after": "middle", "account": "333333333333", "region": "eu-west-1"},
        "first": {"account": "111111111111", "region": "eu-west-1"},
        "middle": {"after": "first", "account": "222222222222", "region": "eu-west-1"},
    }
    platform = load(tmp_path, environments=entries)
    assert [environment.name for environment in platform.environments] == ["first", "middle", "last"]


def test_flowmart_units_and_what_they_need(flowmart: Platform) -> None:
    assert {unit.name: (unit.needs, unit.protected) for unit in flowmart.units} == {
        "global": ((), False),
        "log-templates": ((), False),
        "base-image": ((), False),
        "image": (("base-image",), False),
        "networking": ((), False),
        "database": (("networking",), True),
        "compute": (("networking", "database", "image"), False),
        "monitoring": (("compute", "database"), False),
        "order-events": (("monitoring",), False),
        "backup": (("database",), True),
        "budget": ((), False),
        "cluster": ((), False),
        "catalog": (("cluster", "database"), False),
        "cart": (("cluster", "database"), False),
        "payments": (("cluster",), False),
        "orders": (("cluster", "database"), False),
        "storefront": (("cluster", "networking"), False),
        "log-shipper": (("cluster",), False),
        "monitoring-stack": (("cluster",), False),
        "monitoring-rules": (("monitoring-stack",), False),
        "bastion": (("networking",), False),
    }


def test_every_unit_of_flowmart_resolves_without_a_placeholder_left_in_its_source(flowmart: Platform) -> None:
    for environment in flowmart.environments:
        for unit in flowmart.units_in(environment.name):
            source = manifest.resolve(flowmart, environment.name, unit.name).source
            assert "{" not in source
            assert (INFRASTRUCTURE / source).is_dir()


def test_every_output_that_a_check_of_flowmart_asks_about_is_declared_by_its_unit(flowmart: Platform) -> None:
    for environment in flowmart.environments:
        for unit in flowmart.units_in(environment.name):
            deployed = manifest.resolve(flowmart, environment.name, unit.name)
            asked = asked_about(deployed)
            declared = set(interface(INFRASTRUCTURE, deployed).gives or ()) if asked else set()
            assert asked <= declared, f"{unit.name} in {environment.name}"


def test_the_options_of_every_check_of_flowmart_are_what_the_checks_expect(flowmart: Platform) -> None:
    for environment in flowmart.environments:
        for unit in flowmart.units_in(environment.name):
            for check in manifest.resolve(flowmart, environment.name, unit.name).checks:
                OPTIONS[check.kind].model_validate(check.options)


def asked_about(unit: Unit) -> set[str]:
    """The outputs that the checks of `unit` name, in a reference or as what they assert."""
    references = set(re.findall(r"\{outputs\.([\w-]+)\}", json.dumps([dict(check.options) for check in unit.checks])))
    return references | {str(check.options["name"]) for check in unit.checks if check.kind == "output"}


@pytest.mark.parametrize(("environment", "instances"), [("dev", 1), ("staging", 2), ("production", 3)])
def test_a_placeholder_alone_stays_a_number_and_outputs_wait_for_the_check(
    flowmart: Platform, environment: str, instances: int
) -> None:
    compute = manifest.resolve(flowmart, environment, "compute")
    assert compute.checks[0].options == {
        "fact": "instances_in_service",
        "autoscaling_group": "{outputs.autoscaling_group_name}",
        "at_least": instances,
    }


def test_the_output_that_a_check_asks_about_is_passed_on_as_the_check_knows_it(flowmart: Platform) -> None:
    subnets = manifest.resolve(flowmart, "dev", "networking").checks[0]
    assert (subnets.name, subnets.kind) == ("private-subnets", "output")
    assert subnets.options == {"name": "private_subnet_ids", "at_least": 3}


def test_durations_are_seconds(flowmart: Platform) -> None:
    database = manifest.resolve(flowmart, "dev", "database")
    assert database.time_limit == 3600.0
    assert (database.checks[0].within, database.checks[0].every) == (120.0, 2.0)


def test_roles_are_in_the_account_of_their_environment_unless_said_otherwise(tmp_path: Path) -> None:
    role = "arn:aws:iam::{account}:role/deploy/{environment}"
    entries = {"dev": {"account": "222222222222", "region": "eu-west-1", "roles": {"apply": role}}}
    assert load(tmp_path, environments=entries).environment("dev").roles == Roles(
        plan="arn:aws:iam::222222222222:role/shop-plan",
        apply="arn:aws:iam::222222222222:role/deploy/dev",
    )


def test_inputs_and_values_are_filled_in_at_every_depth(tmp_path: Path) -> None:
    values = {"zones": ["a", "b"], "host": "{environment}.shop.example"}
    entries = {"dev": {"account": "222222222222", "region": "eu-west-1", "values": values}}
    inputs = {"zones": "{values.zones}", "site": {"urls": ["https://{values.host}/{region}"]}}
    platform = load(tmp_path, environments=entries, inputs=inputs)
    assert manifest.resolve(platform, "dev", "app").inputs == {
        "zones": ["a", "b"],
        "site": {"urls": ["https://dev.shop.example/eu-west-1"]},
    }


@pytest.mark.parametrize(
    ("own", "place", "roles"),
    [
        ({}, ("222222222222", "eu-west-1"), ("222222222222:role/shop-plan", "222222222222:role/shop-apply")),
        (
            {"region": "us-east-1"},
            ("222222222222", "us-east-1"),
            ("222222222222:role/shop-plan", "222222222222:role/shop-apply"),
        ),
        (
            {"region": "{values.edge}", "account": "{values.dns}"},
            ("555555555555", "us-west-2"),
            ("555555555555:role/shop-plan", "555555555555:role/shop-apply"),
        ),
        (
            {"roles": {"apply": "arn:aws:iam::{account}:role/{platform}-{environment}-dns"}},
            ("222222222222", "eu-west-1"),
            ("222222222222:role/shop-plan", "222222222222:role/shop-dev-dns"),
        ),
    ],
)
def test_a_unit_may_have_a_region_an_account_and_roles_of_its_own(
    tmp_path: Path, own: dict[str, object], place: tuple[str, str], roles: tuple[str, str]
) -> None:
    values = {"edge": "us-west-2", "dns": "555555555555"}
    entries = {"dev": {"account": "222222222222", "region": "eu-west-1", "values": values}}
    platform = load(tmp_path, environments=entries, inputs={"where": "{account}/{region}"}, unit=own)
    unit = manifest.resolve(platform, "dev", "app")
    here = manifest.unit_environment(platform.name, platform.environment("dev"), unit)
    assert (here.account, here.region) == place
    assert here.roles == Roles(*(f"arn:aws:iam::{role}" for role in roles))
    assert unit.inputs == {"where": "/".join(place)}


def test_an_environment_without_an_account_has_no_roles(tmp_path: Path) -> None:
    environment = load(tmp_path, environments={"dev": {}}).environment("dev")
    assert (environment.account, environment.region, environment.roles) == ("", "", None)
    with pytest.raises(InvalidInput, match="dev: has no AWS account; add account and region"):
        environment.role("plan")


@pytest.mark.parametrize(
    ("environment", "unit", "message"),
    [
        (
            "stagin",
            "compute",
            "'stagin' is not an environment. Did you mean 'staging'? "
            "Allowed: shared, dev, staging, production (see platform.yaml)",
        ),
        (
            "staging",
            "databse",
            "'databse' is not a unit. Did you mean 'database'? "
            "Allowed: global, log-templates, base-image, image, networking, database, compute, monitoring, "
            "order-events, backup, budget, cluster, catalog, cart, payments, orders, storefront, "
            "log-shipper, monitoring-stack, monitoring-rules, bastion (see platform.yaml)",
        ),
        ("staging", "global", "global is not deployed to staging, only to shared (see platform.yaml)"),
    ],
)
def test_what_is_not_declared_cannot_be_resolved(
    flowmart: Platform, environment: str, unit: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        manifest.resolve(flowmart, environment, unit)
    assert str(refused.value) == message


def test_the_schema_in_the_repository_is_the_one_that_the_models_make() -> None:
    found = (INFRASTRUCTURE / "platform.schema.json").read_text()
    assert found == text(), "run: python -m tasks.manifest > infrastructure/platform.schema.json"


def test_the_schema_accepts_flowmart() -> None:
    schema = json.loads((INFRASTRUCTURE / "platform.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load((INFRASTRUCTURE / "platform.yaml").read_text()), schema)


@pytest.mark.parametrize(
    ("written", "expected"), [("90s", 90), ("5m", 300), ("1h", 3600), ("1.5m", 90), (12, 12), (0.5, 0.5)]
)
def test_durations_are_written_with_a_unit_or_in_seconds(written: object, expected: float) -> None:
    assert seconds(written) == expected


@pytest.mark.parametrize(
    ("written", "data"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2030-01-31", "2030-01-31"),
        ("12:30", "12:30"),
        ("0123", 123),
        ("1e3", 1000.0),
        ("-4", -4),
        ("True", True),
        ("~", None),
        ("", None),
        ('"true"', "true"),
        ("[1, [a, {b: 2}]]", [1, ["a", {"b": 2}]]),
    ],
)
def test_yaml_is_read_as_version_1_2_has_it(tmp_path: Path, written: str, data: object) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(f"key: {written}\n")
    assert document.read(path).data == {"key": data}


def test_an_anchor_can_be_used_again(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("a: &there {x: 1}\nb: *there\nc: *there\n")
    assert document.read(path).data == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1}}


@pytest.mark.parametrize(
    "other", ["${environment}", "{{environment}}", '{"environment": 1}', "[a-z]{3}", "{outputs.x}"]
)
def test_the_braces_of_others_are_left_alone(other: str) -> None:
    assert placeholders.fill(other, {"environment": "dev"}) == other


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(alphabet='a{}.$" '), st.lists))
def test_filling_without_names_changes_nothing(part: object) -> None:
    assert placeholders.fill(part, {}) == part


def load(
    folder: Path,
    *,
    environments: Mapping[str, object],
    inputs: Mapping[str, object] | None = None,
    unit: Mapping[str, object] | None = None,
) -> Platform:
    """A platform with these environments and one unit, `app`, that is deployed to all of them."""
    (folder / "app").mkdir()
    (folder / "app" / "main.tf").touch()
    app = {"engine": "terraform", "source": "app", "environments": list(environments), "inputs": inputs or {}}
    declared = {"platform": "shop", "environments": environments, "units": {"app": {**app, **(unit or {})}}}
    (folder / "platform.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    return manifest.load(folder)
