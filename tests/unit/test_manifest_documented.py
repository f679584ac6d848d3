"""docs/platform.md tells every key, and what it shows as an example or as a message is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks import manifest
from tasks.domain import environment_graph
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Level
from tasks.engines import ENGINES
from tasks.manifest.declared import (
    analysis,
    environments,
    exceptions,
    logging,
    monitoring,
    platform,
    servers,
    terragrunt,
    units,
)
from tasks.manifest.options import WRITTEN
from tasks.manifest.schema import option_schemas

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "platform.md").read_text()
MONITORING = (DOCS / "monitoring.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", DOCUMENT, flags=re.DOTALL)
EXAMPLES = [text for language, text in BLOCKS if language == "yaml"]


def example(words: str) -> str:
    """The one example that has these words."""
    (found,) = [text for text in EXAMPLES if words in text]
    return found


MODELS = (
    platform.DeclaredPlatform,
    platform.DeclaredGitHub,
    environments.DeclaredEnvironment,
    environments.DeclaredApproval,
    environments.DeclaredWindow,
    monitoring.DeclaredMonitoring,
    monitoring.DeclaredPrometheus,
    logging.DeclaredLogging,
    logging.DeclaredElasticsearch,
    logging.DeclaredDashboards,
    logging.DeclaredElasticsearchAuth,
    logging.DeclaredElasticsearchSigV4,
    servers.DeclaredAuth,
    servers.DeclaredBasic,
    servers.DeclaredSigV4,
    servers.DeclaredSecret,
    servers.DeclaredTls,
    environments.DeclaredFreeze,
    environments.DeclaredRoles,
    environments.DeclaredDrift,
    units.DeclaredUnit,
    units.DeclaredUnitRoles,
    terragrunt.DeclaredTerragrunt,
    terragrunt.DeclaredTerragruntUnit,
    units.DeclaredCheck,
    units.DeclaredValidator,
    exceptions.DeclaredOverride,
)


def keys() -> Iterator[str]:
    """Everything that may be written: keys, options, kinds, facts and engines."""
    for model in MODELS:
        yield from model.model_fields
    for kind in WRITTEN:
        yield kind
        for schema in option_schemas(kind):
            yield from schema["properties"]
            yield from (part["const"] for part in schema["properties"].values() if "const" in part)
    for name, engine in ENGINES.items():
        yield name
        yield from engine.options.model_fields


@pytest.mark.parametrize("key", sorted(set(keys())))
def test_every_key_is_documented(key: str) -> None:
    assert f"`{key}`" in DOCUMENT


@pytest.mark.parametrize(
    "key",
    sorted(
        about.alias or name
        for model in (
            analysis.DeclaredAnalysis,
            analysis.DeclaredMetric,
            analysis.DeclaredCompare,
            analysis.DeclaredLogs,
        )
        for name, about in model.model_fields.items()
    ),
)
def test_every_key_of_an_analysis_is_documented(key: str) -> None:
    assert f"`{key}`" in MONITORING


@pytest.fixture
def infrastructure(tmp_path: Path) -> Path:
    """A folder with what the examples name, and the whole example as its platform."""
    folder = tmp_path / "infrastructure"
    for environment in ("dev", "staging", "production"):
        for unit in ("networking", "compute"):
            (folder / "terraform" / "environments" / environment / unit).mkdir(parents=True)
            (folder / "terraform" / "environments" / environment / unit / "main.tf").touch()
    (folder / "scripts" / "smoke").mkdir(parents=True)
    (folder / "scripts" / "smoke" / "buckets_are_closed.py").touch()
    (folder / "platform.yaml").write_text(EXAMPLES[0])
    return folder


def rewrite(infrastructure: Path, change: Any) -> None:
    platform = yaml.safe_load(EXAMPLES[0])
    change(platform)
    (infrastructure / "platform.yaml").write_text(yaml.safe_dump(platform, sort_keys=False))


def test_the_complete_example_is_a_platform(infrastructure: Path) -> None:
    platform = manifest.load(infrastructure)
    assert [environment.name for environment in platform.environments] == ["dev", "production"]
    assert manifest.resolve(platform, "production", "compute").checks[0].options["at_least"] == 3


def test_the_example_of_an_environment_is_right(infrastructure: Path) -> None:
    wanted = yaml.safe_load(example("Christmas trade"))

    def change(platform: dict[str, Any]) -> None:
        platform["environments"]["staging"] = {**platform["environments"]["dev"], "after": "dev"}
        platform["environments"].update(wanted)

    rewrite(infrastructure, change)
    production = manifest.load(infrastructure).environment("production")
    assert production.roles.apply == "arn:aws:iam::444444444444:role/deploy/production"
    assert production.values["host"] == "www.production.shop.example"


def test_the_example_of_regions_is_a_graph(infrastructure: Path) -> None:
    regions = yaml.safe_load(example("production-ap:"))["environments"]

    def change(platform: dict[str, Any]) -> None:
        platform["environments"] = regions
        platform["units"] = {"networking": {**platform["units"]["networking"], "environments": ["dev"]}}

    rewrite(infrastructure, change)
    platform = manifest.load(infrastructure)
    assert environment_graph.waves(platform.after) == (
        ("dev",),
        ("staging",),
        ("production-eu", "production-us", "production-ap"),
        ("archive",),
    )
    assert platform.environment("production-us").soak == 7200.0


def test_the_examples_of_units_in_another_place_are_right(infrastructure: Path) -> None:
    for unit in ("certificate", "domain"):
        (infrastructure / "terraform" / unit).mkdir()
        (infrastructure / "terraform" / unit / "main.tf").touch()

    def change(platform: dict[str, Any]) -> None:
        platform["units"].update(yaml.safe_load(example("certificate:")))
        for environment in platform["environments"].values():
            environment["values"]["domains_account"] = "555555555555"

    rewrite(infrastructure, change)
    platform = manifest.load(infrastructure)
    units = {name: manifest.resolve(platform, "dev", name) for name in ("certificate", "domain")}
    places = [manifest.unit_environment("shop", platform.environment("dev"), unit) for unit in units.values()]
    assert [(place.account, place.region) for place in places] == [
        ("222222222222", "us-east-1"),
        ("555555555555", "eu-west-1"),
    ]
    assert places[1].role("plan") == "arn:aws:iam::555555555555:role/shop-plan"
    assert places[1].role("apply") == "arn:aws:iam::555555555555:role/shop-dev-domains"


def test_the_example_of_validators_is_right(infrastructure: Path) -> None:
    (infrastructure / "cloudformation/orders").mkdir(parents=True)
    (infrastructure / "cloudformation/orders/template.yaml").write_text("Resources: {}\n")
    rewrite(infrastructure, lambda platform: platform["units"].update(yaml.safe_load(example("validators:"))))
    [(name, chosen)] = manifest.resolve(manifest.load(infrastructure), "dev", "orders").validators.items()
    assert (name, chosen.level, list(chosen.ignore)) == ("cfn-lint", Level.DENY, ["W3005"])


def test_the_examples_of_checks_are_right(infrastructure: Path) -> None:
    checks = yaml.safe_load(example("- name: shop-answers"))["checks"]
    rewrite(infrastructure, lambda platform: platform["units"]["compute"].update(checks=checks))
    found = manifest.resolve(manifest.load(infrastructure), "dev", "compute").checks
    assert [check.kind for check in found] == ["http", "output", "script"]


def test_the_example_of_an_override_has_every_key() -> None:
    (override,) = yaml.safe_load(example("- policy:"))
    assert list(override) == list(exceptions.DeclaredOverride.model_fields)


def test_the_messages_are_what_is_really_told(infrastructure: Path) -> None:
    wrong = EXAMPLES[0].replace("engine: terraform", "engine: terrafrom", 1)
    wrong = wrong.replace("needs: [networking]", "needs: [network]")
    (infrastructure / "platform.yaml").write_text(wrong)
    with pytest.raises(InvalidInput) as refused:
        manifest.load(infrastructure)
    assert f"```\n{refused.value}\n```" in DOCUMENT
