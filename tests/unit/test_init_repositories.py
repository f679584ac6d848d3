"""`flowmart init` on the repositories of docs/examples: exactly these units, files and states, and a release."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployments import cli
from tasks import manifest
from tasks.ledger.history import History
from tasks.settings import Settings
from tests.platforms.repositories import SHAPES, commit, copied

DATA = "../../data"
UNITS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "account-region-layer": {
        "eu-west-1-network": {
            "source": "{environment}/eu-west-1/network",
            "environments": ("dev", "production"),
            "region": "eu-west-1",
            "var_files": ["../../../config/common.tfvars", "../../config/account.tfvars"],
            "backend_config": ["../../config/backend.tfvars"],
        },
        "us-east-1-certificate": {
            "source": "{environment}/us-east-1/certificate",
            "environments": ("dev", "production"),
            "region": "us-east-1",
            "var_files": ["../../../config/common.tfvars", "../../config/account.tfvars"],
            "backend_config": ["../../config/backend.tfvars"],
        },
    },
    "anywhere": {
        "app": {
            "source": "live/{environment}/app",
            "environments": ("dev", "production"),
            "needs": ("network",),
        },
        "network": {"source": "live/{environment}/network", "environments": ("dev", "production")},
    },
    "atlantis": {
        "app": {
            "source": "stacks/app",
            "environments": ("dev", "production"),
            "needs": ("network",),
            "var_files": ["vars/{environment}.tfvars"],
            "workspace": "{environment}",
        },
        "network": {
            "source": "stacks/network",
            "environments": ("dev", "production"),
            "workspace": "{environment}",
            "version": "1.11.4",
            "reads": ["../../config/networks.yaml"],
        },
    },
    "one-folder-many-workspaces": {
        "orders": {
            "source": "terraform/environments/orders",
            "environments": ("development", "production"),
            "workspace": "orders-{environment}",
        },
        "payments": {
            "source": "terraform/environments/payments",
            "environments": ("development", "preproduction", "production"),
            "workspace": "payments-{environment}",
        },
    },
    "one-generic-root": {
        name: {
            "source": "landing_zone",
            "environments": ("dev", "production"),
            "var_files": [f"../configuration/{{environment}}/{folder}/*.tfvars"],
            "backend_config": [{"path": f"/var/lib/flowmart/states/{{environment}}/{name}.tfstate"}],
        }
        for name, folder in (("level1-networking", "level1/networking"), ("level2-apps", "level2/apps"))
    },
    "project-by-environment": {
        "app": {
            "source": "terraform/projects/app",
            "environments": ("dev", "production"),
            "needs": ("network",),
            "var_files": [
                f"{DATA}/common.tfvars",
                f"{DATA}/{{environment}}/common.tfvars",
                f"{DATA}/{{environment}}/app.tfvars",
            ],
            "backend_config": ["{environment}.blue.backend"],
        },
        "network": {
            "source": "terraform/projects/network",
            "environments": ("dev", "production"),
            "var_files": [f"{DATA}/common.tfvars", f"{DATA}/{{environment}}/common.tfvars"],
            "backend_config": ["{environment}.blue.backend"],
        },
    },
    "stages": {
        "bootstrap": {"source": "0-bootstrap", "environments": ("shared",)},
        "org": {"source": "1-org/envs/{environment}", "environments": ("shared",)},
        "networks": {
            "source": "2-networks/envs/{environment}",
            "environments": ("development", "nonproduction", "production"),
        },
    },
    "terramate": {
        "app": {
            "source": "stacks/{environment}/app",
            "environments": ("dev", "production"),
            "needs": ("network",),
            "reads": ["../../../config/app.json"],
        },
        "network": {"source": "stacks/{environment}/network", "environments": ("dev", "production")},
    },
}
PATHS = {
    "account-region-layer": ("config", "dev", "production"),
    "anywhere": ("live", "modules"),
    "atlantis": ("config", "stacks"),
    "one-folder-many-workspaces": ("terraform",),
    "one-generic-root": ("configuration", "landing_zone"),
    "project-by-environment": ("terraform",),
    "stages": ("0-bootstrap", "1-org", "2-networks"),
    "terramate": ("config", "stacks"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_it_finds_exactly_what_there_is_and_a_release_can_be_made_of_it(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = copied(shape, tmp_path)
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(repository))
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    assert cli.run(["init", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["missing"] == ""
    platform = manifest.load(repository / "infrastructure")
    found = {unit.name: _of(unit) for unit in platform.units}
    assert found == UNITS[shape]
    assert platform.paths == PATHS[shape]
    commit(repository, "begin")
    history = History(Settings(repository=repository, store=str(tmp_path / "store"), actor="ada"))
    release = history.releases.create(repository, "HEAD", "ada")
    assert {*release.units} == {f"{name}/{unit.name}" for unit in platform.units for name in unit.environments}


def _of(unit: Any) -> dict[str, Any]:
    """A unit without what it has by default."""
    found = {"source": unit.source, "environments": unit.environments, "needs": unit.needs, "region": unit.region}
    return {key: value for key, value in {**found, **unit.options}.items() if value}
