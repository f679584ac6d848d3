"""The block `terragrunt` of platform.yaml with what was found in a release, and without it in a working tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.engines.terragrunt import record
from tasks.engines.terragrunt.record import FoundEnvironment, FoundUnit, Record
from tasks.manifest.terragrunt import name_of

PLATFORM = """
platform: shop
environments:
  dev: {}
  production: {after: dev}
terragrunt:
  root: live/{environment}/
  binary: tools/terragrunt
  units:
    eu/db: {protected: true, parity: warn, needs: [image]}
units:
  image: {engine: terraform, source: image, environments: [dev, production]}
"""


class Tree:
    """infrastructure/ with units of two environments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "infrastructure"
        self.write("platform.yaml", PLATFORM)
        self.write("image/main.tf", "")
        for environment in ("dev", "production"):
            for path in ("eu/vpc", "eu/db", "eu/Web_1", "EU/vpc"):
                self.write(f"live/{environment}/{path}/terragrunt.hcl", "")

    def write(self, path: str, text: str) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def found(self, **units: list[FoundUnit]) -> None:
        environments = {name: FoundEnvironment(f"live/{name}", tuple(each)) for name, each in units.items()}
        self.write(record.FILE, record.encode(Record("1.1.3", environments)).decode())


VPC, DATABASE = FoundUnit("eu/vpc"), FoundUnit("eu/db", needs=("eu/vpc",))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def told(tree: Tree) -> str:
    with pytest.raises(InvalidInput) as refused:
        manifest.load(tree.folder)
    return str(refused.value)


def test_environments_may_say_by_values_where_their_units_are(tree: Tree) -> None:
    tree.write(
        "platform.yaml",
        """
platform: shop
environments:
  qa: {values: {live: non-prod/eu/qa}}
  prod: {values: {live: prod/eu/prod}, after: qa}
terragrunt: {root: "{values.live}"}
""",
    )
    roots = {"qa": "non-prod/eu/qa", "prod": "prod/eu/prod"}
    for root in roots.values():
        tree.write(f"{root}/vpc/terragrunt.hcl", "")
    found = Record("1.1.3", {name: FoundEnvironment(root, (FoundUnit("vpc"),)) for name, root in roots.items()})
    tree.write(record.FILE, record.encode(found).decode())
    platform = manifest.load(tree.folder)
    sources = {name: manifest.resolve(platform, name, "vpc").source for name in roots}
    assert sources == {name: f"{root}/vpc" for name, root in roots.items()}


def test_what_was_found_are_units_with_what_is_written_for_them(tree: Tree) -> None:
    tree.found(dev=[VPC, DATABASE], production=[VPC, FoundUnit("eu/db"), FoundUnit("eu/Web_1", excluded="so")])
    platform = manifest.load(tree.folder)
    needs = {
        environment: {unit.name: unit.needs for unit in platform.units_in(environment)}
        for environment in ("dev", "production")
    }
    assert needs["dev"] == {"image": (), "eu-vpc": (), "eu-db": ("image", "eu-vpc")}
    assert needs["production"] == {"image": (), "eu-vpc": (), "eu-db": ("image",)}
    database = manifest.resolve(platform, "production", "eu-db")
    assert (database.engine, database.source, database.protected) == ("terragrunt", "live/production/eu/db", True)
    assert database.options == {"parity": "warn", "binary": "tools/terragrunt"}


def test_in_a_working_tree_the_units_are_not_known_and_their_names_are_no_mistakes(tree: Tree) -> None:
    text = PLATFORM.replace("[dev, production]}", "[dev, production], needs: [eu-vpc], inputs: {id: '{eu-vpc.id}'}}")
    tree.write("platform.yaml", text)
    platform = manifest.load(tree.folder)
    assert [(unit.name, unit.needs) for unit in platform.units] == [("image", ())]
    block = manifest.terragrunt_block(tree.folder, platform)
    assert block is not None
    assert block.roots == {"dev": "live/dev", "production": "live/production"}


def test_a_platform_may_have_no_other_units(tree: Tree) -> None:
    tree.write("platform.yaml", PLATFORM.partition("units:\n  image")[0].replace(", needs: [image]", ""))
    assert manifest.load(tree.folder).units == ()
    tree.found(dev=[VPC, DATABASE], production=[VPC])
    assert [unit.name for unit in manifest.load(tree.folder).units] == ["eu-db", "eu-vpc"]


def test_two_units_of_one_name_are_told_with_their_paths(tree: Tree) -> None:
    tree.found(dev=[VPC, DATABASE, FoundUnit("EU/vpc")], production=[VPC, DATABASE])
    assert (
        "platform.yaml:6: terragrunt: EU/vpc and eu/vpc are both called eu-vpc: give one a `name` in units"
        in told(tree)
    )
    tree.write("platform.yaml", PLATFORM.replace("  units:\n", "  units:\n    EU/vpc: {name: other}\n"))
    assert "other" in {unit.name for unit in manifest.load(tree.folder).units}


def test_a_mistake_in_what_is_written_for_a_unit_has_its_line(tree: Tree) -> None:
    tree.write("platform.yaml", PLATFORM.replace("needs: [image]", "needs: [imagine]"))
    tree.found(dev=[VPC, DATABASE], production=[VPC, DATABASE])
    assert "platform.yaml:10: units.eu-db.needs[0]: 'imagine' is not a unit. Did you mean 'image'?" in told(tree)


def test_units_that_need_each_other_across_tools_are_told(tree: Tree) -> None:
    text = PLATFORM.replace("[dev, production]}", "[dev, production], needs: [eu-web-1]}")
    tree.write("platform.yaml", text)
    web = FoundUnit("eu/Web_1", needs=("eu/db",))
    tree.found(dev=[VPC, DATABASE, web], production=[VPC, DATABASE, web])
    assert "the units need each other in a circle" in told(tree)


def test_a_terragrunt_unit_that_is_written_out_is_told_to_use_the_block(tree: Tree) -> None:
    tree.write("platform.yaml", PLATFORM.replace("engine: terraform", "engine: terragrunt"))
    tree.found(dev=[VPC, DATABASE], production=[VPC, DATABASE])
    with pytest.raises(InvalidInput, match="image: is not a unit that Terragrunt found: remove it from units"):
        manifest.refuse_miswired(tree.folder, manifest.load(tree.folder))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("eu-west-1/db", "eu-west-1-db"),
        ("eu/.terragrunt-stack/web/.terragrunt-stack/Bucket_1", "eu-web-bucket-1"),
        ("vpc", "vpc"),
    ],
)
def test_a_unit_is_called_after_its_path(path: str, name: str) -> None:
    assert name_of(path) == name
