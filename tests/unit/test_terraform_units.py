"""What platform.yaml may say of a terraform unit: options per environment, files that must be there, shared roots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.release import Release
from tasks.engines import ENGINES
from tasks.engines.terraform.clusters import provider_variables
from tasks.engines.terraform.versions import Wanted
from tasks.promotion.checkouts import StoredCheckouts
from tasks.releases.contents import File
from tasks.releases.unit_digests import unit_digests

CODE = 'terraform {\n  backend "s3" { bucket = "b" }\n}\nvariable "size" {}\n'
FILES = {
    "app/main.tf": CODE,
    "app/dev.tfvars": "size = 1\n",
    "app/production.tfvars": "size = 2\n",
    "config/shared.json": "{}",
}
ACCOUNT = {"account": "222222222222", "region": "eu-west-1"}


def platform(folder: Path, files: dict[str, str] | None = None, **units: dict[str, Any]) -> Path:
    """infrastructure/ with two environments and terraform units of one source, each with these options."""
    for name, text in {**FILES, **(files or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    common = {"engine": "terraform", "source": "app", "environments": ["dev", "production"]}
    document = {
        "platform": "shop",
        "environments": {"dev": ACCOUNT, "production": {**ACCOUNT, "after": "dev"}},
        "units": {name: {**common, **unit} for name, unit in units.items()},
    }
    (folder / "platform.yaml").write_text(yaml.safe_dump(document))
    manifest.refuse_miswired(folder, manifest.load(folder))
    return folder


def options(key: str = "{environment}/app", **more: Any) -> dict[str, Any]:
    return {"terraform": {"backend_config": [{"key": key}], "var_files": ["{environment}.tfvars"], **more}}


def digests(folder: Path) -> dict[str, str]:
    files = [File(str(f.relative_to(folder)), "file", f.read_bytes()) for f in folder.rglob("*") if f.is_file()]
    return unit_digests(folder, manifest.load(folder), files)


def test_one_root_serves_all_environments(tmp_path: Path) -> None:
    folder = platform(tmp_path, app=options())
    unit = manifest.resolve(manifest.load(folder), "production", "app")
    assert ENGINES["terraform"].place(folder, unit) == "s3://b/production/app"
    assert ENGINES["terraform"].unit_reads(folder, unit) == ("app/production.tfvars",)
    assert ENGINES["terraform"].supplied(folder, unit) == {"size"}


def test_one_state_for_all_environments_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="keeps its state in s3://b/app, as app in dev does"):
        platform(tmp_path, app=options(key="app"))


def test_workspaces_keep_environments_apart(tmp_path: Path) -> None:
    folder = platform(tmp_path, app=options(key="app", workspace="{environment}"))
    unit = manifest.resolve(manifest.load(folder), "dev", "app")
    assert ENGINES["terraform"].place(folder, unit) == "s3://b/env:/dev/app"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"var_files": ["{environment}.vars"]}, r"there is no file dev\.vars: correct the path.* \(in dev\)"),
        ({"var_files": ["../../x.tfvars"]}, r"\.\./\.\./x\.tfvars leads out of infrastructure/"),
        ({"reads": ["../../../etc/*"]}, r"\.\./\.\./\.\./etc/\* leads out of infrastructure/"),
        ({"backend_config": ["../none.hcl"]}, r"there is no file \.\./none\.hcl"),
        ({"env": {"TF_WORKSPACE": "x"}}, "env may not set TF_WORKSPACE: FlowMart does"),
        ({"workspace": "{nothing}"}, r"units\.app\.terraform\.workspace: \{nothing\} is not a placeholder here"),
        ({"workspaces": "x"}, r"units\.app\.terraform\.workspaces"),
    ],
)
def test_options_that_lead_nowhere_are_refused(tmp_path: Path, written: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        platform(tmp_path, app=options(**written))


@pytest.mark.parametrize("name", ["terraform.tfstate", ".terraform/terraform.tfstate", ".terraform/environment"])
def test_what_terraform_wrote_on_one_machine_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name} is committed(.|\n)*remove it from git"):
        platform(tmp_path, {f"app/{name}": "{}"}, app=options())


def test_env_may_set_a_variable_that_must_be_set(tmp_path: Path) -> None:
    more = {"app/more.tf": 'variable "other" {}\n'}
    own = options(var_files=[], env={"TF_VAR_other": "2"})
    assert platform(tmp_path, more, app={**own, "inputs": {"size": 1}})
    with pytest.raises(InvalidInput, match="env sets TF_VAR_other, and the unit's inputs set other too"):
        platform(tmp_path, more, app={**own, "inputs": {"size": 1, "other": 1}})


def test_a_file_that_may_be_missing_is_no_mistake(tmp_path: Path) -> None:
    files = ["{environment}.tfvars", {"path": "none.tfvars", "optional": True}, "../config/*.tfvars.d/*"]
    with pytest.raises(InvalidInput, match="there is no file"):
        platform(tmp_path, app=options(var_files=files))
    platform(tmp_path, app=options(var_files=files[:2]))


@pytest.mark.parametrize("file", ["app/dev.tfvars", "config/shared.json"])
def test_a_file_that_only_the_options_name_changes_the_unit(tmp_path: Path, file: str) -> None:
    written = options(reads=["../config/*.json"])
    before = digests(platform(tmp_path, app=written))
    after = digests(platform(tmp_path, {file: "size = 3\n"}, app=written))
    assert before["dev/app"] != after["dev/app"]


def test_an_option_that_differs_by_environment_changes_that_one_only(tmp_path: Path) -> None:
    found = digests(platform(tmp_path, app=options()))
    assert found["dev/app"] != found["production/app"]


class OneRelease:
    """A store with one release."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def checkout(self, name: str, into: Path) -> Path:
        (into / "infrastructure").parent.mkdir()
        return self._folder.rename(into / "infrastructure")

    def load(self, name: str) -> Release:
        return Release(name, name, {})


def test_units_of_one_source_work_in_folders_of_their_own(tmp_path: Path) -> None:
    folder = platform(tmp_path / "made", one=options("{environment}/one"), other=options("{environment}/other"))
    (tmp_path / "run").mkdir()
    checkout = StoredCheckouts(OneRelease(folder), tmp_path / "run").of("r1")  # type: ignore[arg-type]
    one, other = checkout.root_of("one"), checkout.root_of("other")
    assert one == checkout.infrastructure
    assert one != other
    assert (other / "app/main.tf").read_text() == CODE
    (one / "app/flowmart.auto.tfvars.json").write_text("{}")
    assert not (other / "app/flowmart.auto.tfvars.json").exists()


@pytest.mark.parametrize(
    ("constraint", "version", "allowed"),
    [
        ("~> 1.5", "1.11.4", True),
        ("~> 1.5.0", "1.11.4", False),
        (">= 1.10, < 2.0", "1.11.4", True),
        ("1.11.4", "1.11.4", True),
        ("= 1.11.4", "1.11.4", True),
        ("!= 1.11.4", "1.11.4", False),
        ("~> 1", "1.11.4", True),
        (">= 1.12.0-beta1", "1.12.0-rc1", True),
    ],
)
def test_constraints_are_read_as_terraform_does(constraint: str, version: str, allowed: bool) -> None:
    assert Wanted(constraint, "version").allows(version) is allowed


@pytest.mark.parametrize(
    ("given", "inherited", "expected"),
    [
        ({}, {"KUBECONFIG": "/k"}, {}),
        (
            {"HELM_KUBECONTEXT": "dev-plan", "KUBECONFIG": "/own"},
            {"KUBECONFIG": "/k"},
            {"KUBE_CTX": "dev-plan", "KUBE_CONFIG_PATH": "/own"},
        ),
        ({"HELM_KUBECONTEXT": "dev"}, {"KUBECONFIG": "/a:/b"}, {"KUBE_CTX": "dev", "KUBE_CONFIG_PATHS": "/a:/b"}),
        ({"HELM_KUBECONTEXT": "dev"}, {}, {"KUBE_CTX": "dev", "KUBE_CONFIG_PATH": str(Path.home() / ".kube/config")}),
    ],
)
def test_the_providers_of_clusters_get_the_environments_cluster(
    given: dict[str, str], inherited: dict[str, str], expected: dict[str, str]
) -> None:
    assert provider_variables(given, inherited) == expected
