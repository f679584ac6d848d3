"""Terraform's CLI configuration in the sandbox: all that the user has, and the stand-in for hashicorp/aws."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from deployments.sandbox.aws_provider import package
from deployments.sandbox.aws_provider.install import install
from tasks.domain.errors import InvalidInput

BOTH = '"registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"'
OWN = """
# credentials "not.example" {
plugin_cache_dir = "/var/cache/plugins" // a cache
credentials "app.example" {
  token = "a # of {braces} and // slashes"
}
host "registry.example" {
  services = {
    "providers.v1" = "http://127.0.0.1/providers/"
  }
}
provider_installation {
  network_mirror {
    url     = "https://mirror.example/"
    include = ["corp/*"]
  }
  direct { exclude = ["corp/*"] }
  dev_overrides {
    "hashicorp/aws" = "/opt/own/aws"
    "corp/thing"    = "/opt/own/thing"
  }
}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a user who has no configuration yet."""
    for name in ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def installed(home: Path) -> str:
    """The configuration, in one line."""
    return " ".join(install(home.parent / "mirror", None).read_text().split())


def test_without_a_configuration_all_other_providers_come_from_the_registry(home: Path) -> None:
    text = installed(home)
    assert f'filesystem_mirror {{ path = "{home.parent / "mirror"}" include = [{BOTH}] }}' in text
    assert f"direct {{ exclude = [{BOTH}] }}" in text


def test_what_the_user_has_stays(home: Path) -> None:
    (home / ".terraformrc").write_text(OWN)
    text = installed(home)
    assert 'plugin_cache_dir = "/var/cache/plugins" credentials "app.example"' in text
    assert 'token = "a # of {braces} and // slashes"' in text
    assert 'host "registry.example" { services = { "providers.v1" = "http://127.0.0.1/providers/" } }' in text
    mirror = f'network_mirror {{ url = "https://mirror.example/" include = ["corp/*"] exclude = [{BOTH}] }}'
    assert f'{mirror} direct {{ exclude = [{BOTH}, "corp/*"] }}' in text
    assert 'provider_installation { dev_overrides { "corp/thing" = "/opt/own/thing" } filesystem_mirror' in text
    assert "not.example" not in text


def test_it_is_for_its_owner_only(home: Path) -> None:
    (home / ".terraformrc").write_text(OWN)
    assert stat.S_IMODE(install(home.parent / "mirror", None).stat().st_mode) == 0o600


def test_what_login_has_kept_stays(home: Path) -> None:
    (home / ".terraform.d").mkdir()
    kept = {"credentials": {"app.example": {"token": "secret"}}}
    (home / ".terraform.d" / "credentials.tfrc.json").write_text(json.dumps(kept))
    assert 'credentials "app.example" { "token" = "secret" }' in installed(home)


def test_plugin_folders_that_terraform_implies_stay(home: Path) -> None:
    (home / ".terraform.d" / "plugins" / "registry.terraform.io" / "corp" / "thing").mkdir(parents=True)
    text = installed(home)
    assert f'path = "{home / ".terraform.d" / "plugins"}" exclude = [{BOTH}]' in text
    assert f'direct {{ exclude = [{BOTH}, "registry.terraform.io/corp/thing"] }}' in text


def test_the_file_that_a_variable_names_is_the_only_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".terraformrc").write_text(OWN)
    (home / "work.tfrc").write_text("plugin_cache_may_break_dependency_lock_file = true\n")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(home / "work.tfrc"))
    text = installed(home)
    assert "plugin_cache_may_break" in text
    assert "app.example" not in text


def test_a_file_that_does_not_exist_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(home / "nowhere"))
    assert installed(home).startswith("disable_checkpoint = true provider_installation {")


def test_starting_again_while_the_profile_is_active_loses_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "work.tfrc").write_text(OWN)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(home / "work.tfrc"))
    first = installed(home)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(home.parent / "mirror" / "emulated.tfrc"))
    assert installed(home) == first


@pytest.mark.parametrize("text", ['credentials "a" {\n', "provider_installation {\n}\n}\n"])
def test_a_file_with_open_brackets_is_named(home: Path, text: str) -> None:
    (home / ".terraformrc").write_text(text)
    with pytest.raises(InvalidInput, match=r"\.terraformrc: its brackets do not match"):
        installed(home)


def test_whoever_reads_an_archive_reads_it_whole_while_it_is_replaced(home: Path) -> None:
    installed(home)
    [archive] = (home.parent / "mirror" / "registry.terraform.io" / "hashicorp" / "aws").glob("*.zip")
    archive.write_bytes(b"of an earlier stand-in")
    with archive.open("rb") as reading:
        installed(home)
        assert reading.read() == b"of an earlier stand-in"
    assert archive.read_bytes() == package.archive()


# --- lock files --------------------------------------------------------------------------------------------------

LOCK = """
provider "registry.terraform.io/hashicorp/random" {{
  version = "3.7.2"
}}

provider "registry.terraform.io/hashicorp/aws" {{
  version     = "{version}"
  constraints = "~> 6.0"
  hashes = [
    "h1:{hash}",
  ]
}}
"""


def complaints(folder: Path, version: str, digest: str) -> str:
    (folder / ".terraform.lock.hcl").write_text(LOCK.format(version=version, hash=digest))
    return "\n".join(package.complaints(package.locked(folder), package.required(folder)))


def test_a_lock_file_of_the_real_provider_is_named_with_what_to_add(tmp_path: Path) -> None:
    said = complaints(tmp_path, "6.28.0", "real")
    assert f'.terraform.lock.hcl: it locks the real hashicorp/aws; add "{package.checksum()}" to its hashes' in said


def test_a_lock_file_of_a_later_major_version_is_for_the_real_provider_only(tmp_path: Path) -> None:
    said = complaints(tmp_path, "7.1.0", package.checksum().removeprefix("h1:"))
    assert "locks hashicorp/aws 7.1.0" in said
    assert said.endswith("set FLOWMART_SANDBOX_PROVIDER=real")


def test_a_lock_file_of_an_earlier_major_version_is_for_neither_provider(tmp_path: Path) -> None:
    said = complaints(tmp_path, "5.31.0", package.checksum().removeprefix("h1:"))
    assert "locks hashicorp/aws 5.31.0" in said
    assert said.endswith("require that version and remove this file to try it here")


def test_a_lock_file_with_both_checksums_is_fine(tmp_path: Path) -> None:
    assert complaints(tmp_path, "6.28.0", package.checksum().removeprefix("h1:")) == ""


def test_what_terraform_keeps_of_modules_is_nobodys_lock_file(tmp_path: Path) -> None:
    (tmp_path / ".terraform" / "modules").mkdir(parents=True)
    assert complaints(tmp_path / ".terraform" / "modules", "5.0.0", "real") == ""


# --- code without a lock file ------------------------------------------------------------------------------------


def requiring(folder: Path, constraint: str) -> str:
    required = f'required_providers {{\n    aws = {{ source = "hashicorp/aws", version = "{constraint}" }}\n  }}'
    (folder / "main.tf").write_text(f"terraform {{\n  {required}\n}}\n")
    return "\n".join(package.complaints({}, package.required(folder)))


@pytest.mark.parametrize("constraint", ["~> 6.0", "6.58.0", "= 6.58.0", ">= 5.0, < 7", "no constraint"])
def test_code_that_the_stand_in_can_stand_for_is_fine(tmp_path: Path, constraint: str) -> None:
    assert requiring(tmp_path, constraint) == ""


@pytest.mark.parametrize("constraint", ["~> 5.0", "5.31.0", ">= 4.0, < 6.0"])
def test_code_that_requires_another_major_version_is_named(tmp_path: Path, constraint: str) -> None:
    said = requiring(tmp_path, constraint)
    assert f"main.tf: it requires hashicorp/aws {constraint}, and the stand-in is of {package.VERSION}" in said


@pytest.mark.parametrize(
    ("constraint", "remedy"),
    [
        ("~> 5.0", "require that version to try it here"),
        ("~> 7.0", "require that version, or set FLOWMART_SANDBOX_PROVIDER=real"),
    ],
)
def test_the_real_provider_is_offered_only_where_the_sandbox_accepts_it(
    constraint: str, remedy: str, tmp_path: Path
) -> None:
    assert requiring(tmp_path, constraint).endswith(f"is of {package.VERSION}; {remedy}")


def test_the_one_version_that_code_requires_is_there(tmp_path: Path) -> None:
    requiring(tmp_path, "= 6.58.0")
    assert package.wanted({}, package.required(tmp_path)) == {"6.58.0"}
