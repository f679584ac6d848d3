"""The HCL as text: complete, described, formatted, and roots that hold values only.

What a module does is tested by `terraform test` (contract); whether the real provider takes the HCL is tested
against its schema. Here it is read by python-hcl2, without running Terraform but for its formatter.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

TERRAFORM = Path(__file__).parents[2] / "infrastructure" / "terraform"
ACCOUNTS = {"dev": "222222222222", "staging": "333333333333", "production": "444444444444"}
# In the order of `needs`: a unit may only read what stands before it.
UNITS = ("networking", "database", "compute", "monitoring")

MODULES = [f"modules/{unit}" for unit in UNITS]
ROOTS = [(environment, unit) for environment in ACCOUNTS for unit in UNITS]

# What a value in a root may be, other than a literal: another unit's output, the root's tags, an input of the unit.
REFERENCE = re.compile(r"\$\{(data\.terraform_remote_state\.\w+\.outputs\.\w+|local\.tags|var\.\w+)\}")

Blocks = Mapping[str, Any]


def plain(value: Any) -> Any:
    """What python-hcl2 read, with the quotes of strings and its own marks taken off."""
    if isinstance(value, dict):
        return {plain(key): plain(inner) for key, inner in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value[1:-1] if isinstance(value, str) and value.startswith('"') else value


def read(folder: Path) -> dict[str, list[Any]]:
    """All blocks in a folder, by kind."""
    blocks: dict[str, list[Any]] = {}
    for path in sorted(folder.glob("*.tf")):
        for kind, found in plain(hcl2.loads(path.read_text())).items():
            blocks.setdefault(kind, []).extend(found)
    return blocks


def named(blocks: Blocks, kind: str) -> dict[str, Any]:
    """The blocks of a kind that has one label, by that label."""
    return {name: body for block in blocks.get(kind, []) for name, body in block.items()}


def root(environment: str, unit: str) -> dict[str, list[Any]]:
    return read(TERRAFORM / "environments" / environment / unit)


def leaves(value: Any) -> Iterator[Any]:
    """Every scalar in a value."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    else:
        yield value


def test_everything_is_formatted() -> None:
    checked = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-recursive", str(TERRAFORM)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_folders_are_the_units_of_the_environments() -> None:
    assert {path.name for path in (TERRAFORM / "modules").iterdir()} == set(UNITS)
    roots = {(path.parent.name, path.name) for path in (TERRAFORM / "environments").glob("*/*")}
    assert roots == set(ROOTS)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_files_and_tests(module: str) -> None:
    folder = TERRAFORM / module
    names = {path.name for path in folder.iterdir() if path.is_file()}
    assert names >= {"README.md", "main.tf", "variables.tf", "outputs.tf", "versions.tf"}
    assert list((folder / "tests").glob("*.tftest.hcl"))


@pytest.mark.parametrize("module", [*MODULES, "global"])
def test_a_variable_says_what_it_is_and_refuses_what_is_wrong(module: str) -> None:
    variables = named(read(TERRAFORM / module), "variable")
    assert variables
    for name, variable in variables.items():
        assert variable.get("description"), f"{module}: variable {name} has no description"
        assert variable.get("type"), f"{module}: variable {name} has no type"
        # A bool cannot be wrong within its type; everything else can.
        assert variable["type"] == "bool" or variable.get("validation"), f"{module}: {name} is not validated"
        for validation in variable.get("validation", []):
            assert validation["error_message"].startswith(name), f"{module}: the error must begin with {name}"


@pytest.mark.parametrize("module", [*MODULES, "global"])
def test_an_output_is_described(module: str) -> None:
    outputs = named(read(TERRAFORM / module), "output")
    assert outputs
    assert [name for name, output in outputs.items() if not output.get("description")] == []


@pytest.mark.parametrize("module", [*MODULES, "global"])
def test_every_variable_is_used(module: str) -> None:
    folder = TERRAFORM / module
    code = "\n".join(path.read_text() for path in folder.glob("*.tf") if path.name != "variables.tf")
    unused = [n for n in named(read(folder), "variable") if not re.search(rf"\bvar\.{n}\b", code)]
    assert unused == []


@pytest.mark.parametrize(("environment", "unit"), ROOTS)
def test_a_root_is_one_module_and_its_values(environment: str, unit: str) -> None:
    blocks = root(environment, unit)
    assert set(blocks) <= {"terraform", "provider", "locals", "variable", "data", "module", "output"}
    assert {kind for block in blocks.get("data", []) for kind in block} <= {"terraform_remote_state"}
    module = named(blocks, "module")
    assert list(module) == [unit]
    assert module[unit].pop("source") == f"../../../modules/{unit}"
    expressions = [leaf for leaf in leaves(module[unit]) if isinstance(leaf, str) and "${" in leaf]
    assert [expression for expression in expressions if not REFERENCE.fullmatch(expression)] == []


def test_the_variables_of_roots_are_described_and_given_by_the_platform() -> None:
    declared = yaml.safe_load((TERRAFORM.parent / "platform.yaml").read_text())["units"]
    for environment, unit in ROOTS:
        variables = named(root(environment, unit), "variable")
        assert all(variable.get("description") for variable in variables.values())
        assert set(variables) == set(declared[unit].get("inputs", {}))


@pytest.mark.parametrize("unit", UNITS)
def test_environments_differ_in_values_only(unit: str) -> None:
    arguments = {environment: set(named(root(environment, unit), "module")[unit]) for environment in ACCOUNTS}
    assert arguments["staging"] == arguments["production"]
    assert arguments["dev"] == arguments["production"]


@pytest.mark.parametrize(("environment", "unit"), ROOTS)
def test_a_root_names_resources_after_its_environment(environment: str, unit: str) -> None:
    assert named(root(environment, unit), "module")[unit]["name"] == f"flowmart-{environment}"


def settings(blocks: Blocks) -> dict[str, Any]:
    """The backend's arguments."""
    found: dict[str, Any] = blocks["terraform"][0]["backend"][0]["s3"]
    return found


def remote_states(blocks: Blocks) -> dict[str, Any]:
    """The states that a root reads, by name."""
    return named({"state": [block["terraform_remote_state"] for block in blocks.get("data", [])]}, "state")


@pytest.mark.parametrize(
    ("environment", "unit", "account"),
    [
        *((environment, unit, ACCOUNTS[environment]) for environment, unit in ROOTS),
        ("shared", "global", "111111111111"),
    ],
)
def test_a_unit_has_a_state_of_its_own_in_its_own_account(environment: str, unit: str, account: str) -> None:
    blocks = read(TERRAFORM / "global") if unit == "global" else root(environment, unit)
    assert settings(blocks) == {
        "bucket": f"flowmart-{environment}-tfstate-{account}",
        "key": f"{unit}/terraform.tfstate",
        "region": "eu-west-1",
        "encrypt": True,
        "use_lockfile": True,
    }


@pytest.mark.parametrize(("environment", "unit"), ROOTS)
def test_a_root_refuses_other_accounts_and_tags_what_it_makes(environment: str, unit: str) -> None:
    blocks = root(environment, unit)
    tags = {"Project": "flowmart", "Environment": environment, "Unit": unit, "ManagedBy": "terraform"}
    provider = named(blocks, "provider")["aws"]
    assert provider["allowed_account_ids"] == [ACCOUNTS[environment]]
    given = provider["default_tags"][0]["tags"]
    assert (blocks["locals"][0]["tags"] if given == "${local.tags}" else given) == tags


@pytest.mark.parametrize(("environment", "unit"), ROOTS)
def test_a_root_reads_only_states_that_come_before_it(environment: str, unit: str) -> None:
    for name, state in remote_states(root(environment, unit)).items():
        backend = settings(root(environment, name))
        assert UNITS.index(name) < UNITS.index(unit)
        assert state["config"] == {key: backend[key] for key in ("bucket", "key", "region")}


@pytest.mark.parametrize(("environment", "unit"), ROOTS)
def test_a_root_passes_on_every_output_of_its_module(environment: str, unit: str) -> None:
    module = named(read(TERRAFORM / "modules" / unit), "output")
    assert named(root(environment, unit), "output") == {
        name: {"description": output["description"], "value": f"${{module.{unit}.{name}}}"}
        for name, output in module.items()
    }


@pytest.mark.parametrize(("environment", "unit"), ROOTS)
def test_outputs_that_a_root_reads_exist(environment: str, unit: str) -> None:
    text = "\n".join(path.read_text() for path in (TERRAFORM / "environments" / environment / unit).glob("*.tf"))
    wanted = re.findall(r"terraform_remote_state\.(\w+)\.outputs\.(\w+)", text)
    missing = [(name, output) for name, output in wanted if output not in named(root(environment, name), "output")]
    assert missing == []


def test_nothing_knows_of_a_sandbox() -> None:
    forbidden = re.compile(
        r"\b(sandbox|moto|localhost|127\.0\.0\.1|endpoints|access_key|secret_key|skip_(?!final_snapshot)\w+)\b"
    )
    found = [
        f"{path.relative_to(TERRAFORM)}: {line.strip()}"
        for path in sorted(TERRAFORM.rglob("*.tf"))
        for line in path.read_text().splitlines()
        if forbidden.search(line) and not line.lstrip().startswith(("#", "description"))
    ]
    assert found == []


def test_the_network_ranges_of_the_environments_do_not_meet() -> None:
    ranges = [
        named(root(environment, "networking"), "module")["networking"]["cidr_block"] for environment in ACCOUNTS
    ]
    assert len({cidr.rsplit(".", 2)[0] for cidr in ranges}) == len(ACCOUNTS)


def test_production_is_the_environment_that_is_protected() -> None:
    database = named(root("production", "database"), "module")["database"]
    assert (database["multi_az"], database["deletion_protection"], database["skip_final_snapshot"]) == (
        True,
        True,
        False,
    )
    assert named(root("production", "networking"), "module")["networking"]["nat_gateways"] == "per_zone"
    assert named(root("dev", "networking"), "module")["networking"]["nat_gateways"] == "single"
