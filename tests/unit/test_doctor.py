"""What `flowmart doctor` finds on a machine, and what it says about what is missing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deployments import cli, processes
from deployments.server.layout import ServerLayout

PLATFORM = """
platform: bakery
environments:
  dev: {}
units:
  oven: {engine: terraform, source: terraform/oven, environments: [dev]}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a platform that needs no cloud; nothing else is led to from here."""
    (tmp_path / "infrastructure/terraform/oven").mkdir(parents=True)
    (tmp_path / "infrastructure/terraform/oven/main.tf").write_text("")
    (tmp_path / "infrastructure/platform.yaml").write_text(PLATFORM)
    who = ("-c", "user.name=t", "-c", "user.email=t@bakery.example")
    for command in (("init", "--quiet"), ("add", "--all"), (*who, "commit", "--quiet", "-m", "Bake bread")):
        subprocess.run(("git", *command), cwd=tmp_path, check=True)
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(tmp_path))
    monkeypatch.setenv("FLOWMART_PROFILE", "none")
    for name in (
        "FLOWMART_STORE",
        "FLOWMART_GITHUB_TOKEN",
        "FLOWMART_GITHUB_APP_ID",
        "PREFECT_API_URL",
        "AWS_PROFILE",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def asked(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = cli.run(["doctor", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["works"] is (code == 0)
    return code, {check["subject"]: check for check in document["checks"]}


def test_what_works_is_said_with_versions(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, checks = asked(capsys)
    assert code == 0
    assert {subject: check["state"] for subject, check in checks.items()} == {
        "platform": "works",
        "policies": "not used",
        "git": "works",
        "tool of terraform": "works",
        "store": "works",
        "server": "not used",
        "GitHub": "not used",
    }
    assert checks["platform"]["found"] == "bakery: 1 unit, 1 environment"
    assert checks["tool of terraform"]["found"].startswith("Terraform v1.")
    assert checks["git"]["found"].endswith("Bake bread")


def test_a_server_elsewhere_needs_no_processes_here(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    _, checks = asked(capsys)
    about = {subject: check["state"] for subject, check in checks.items() if subject.startswith("server")}
    assert about == {"server": "not used", "server: server": "fails"}


def test_a_process_of_the_server_that_died_fails(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = subprocess.Popen(("sleep", "60"))
    processes.recorded(ServerLayout(repository.resolve(), sandbox=False), "worker", ended.pid, None)
    ended.kill()
    ended.wait()
    code, checks = asked(capsys)
    about = {subject: check["state"] for subject, check in checks.items() if subject.startswith("server")}
    assert (code, about) == (1, {"server: worker": "fails"})


def test_a_missing_tool_is_named_with_what_to_do(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_TERRAFORM", "/nowhere/terraform")
    code, checks = asked(capsys)
    tool = checks["tool of terraform"]
    assert (code, tool["state"], tool["found"]) == (1, "fails", "/nowhere/terraform: there is no such program")
    assert "FLOWMART_TERRAFORM names another one" in tool["todo"]


def test_roles_that_cannot_be_assumed_say_how_to_get_them(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(repository / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(repository / "none"))
    declared = PLATFORM.replace("dev: {}", 'dev: {account: "222222222222", region: eu-west-1}')
    (repository / "infrastructure/platform.yaml").write_text(declared)
    code, checks = asked(capsys)
    assert (code, checks["dev: role that writes"]["state"]) == (1, "fails")
    assert checks["dev: role that reads"]["todo"].endswith("flowmart bootstrap dev")


def test_a_mistake_in_platform_yaml_hides_nothing_else(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "infrastructure/platform.yaml").write_text(
        PLATFORM.replace("engine: terraform", "engine: teraform")
    )
    code, checks = asked(capsys)
    assert (code, checks["platform"]["state"], checks["store"]["state"]) == (1, "fails", "works")
    assert "Did you mean 'terraform'?" in checks["platform"]["found"]


@pytest.mark.parametrize(
    ("name", "text", "state", "found"),
    [
        ("names.rego", "package bakery.names\n\nimport rego.v1\n\ndeny contains 1 if false\n", "works", "1 in "),
        ("names.rego", "package bakery.other\n", "fails", "a policy's package ends in the file's name"),
        ("README.md", "Soon.", "fails", "holds no policy"),
    ],
)
def test_policies_are_read(
    repository: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, state: str, found: str
) -> None:
    (repository / "infrastructure/policies").mkdir()
    (repository / "infrastructure/policies" / name).write_text(text)
    code, checks = asked(capsys)
    assert (code == 0, checks["policies"]["state"]) == (state == "works", state)
    assert found in checks["policies"]["found"]


def test_a_github_that_does_not_answer_is_told(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_GITHUB_TOKEN", "secret-token")
    monkeypatch.setenv("FLOWMART_GITHUB_API", "http://127.0.0.1:9")
    code, checks = asked(capsys)
    assert (code, checks["GitHub"]["state"]) == (1, "fails")
    assert "secret-token" not in json.dumps(checks)


def test_people_read_what_to_do_below_what_fails(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "infrastructure/platform.yaml").unlink()
    assert cli.run(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "FAILS platform:" in said
    assert "to do: run in the repository, or write one: flowmart init" in said


@pytest.mark.parametrize(("there", "state"), [(False, "fails"), (True, "works")])
def test_sops_is_asked_for_where_a_unit_has_a_file_that_is_encrypted(
    there: bool, state: str, repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = 'environments: [dev], terraform: {var_files: [{path: "s.tfvars.json", optional: true, decrypt: sops}]}'
    (repository / "infrastructure/platform.yaml").write_text(PLATFORM.replace("environments: [dev]", options))
    program = repository / "bin/sops"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\ntest "$1" = --version && echo sops 3.13.3\n')
    program.chmod(0o755 if there else 0o644)
    monkeypatch.setenv("PATH", str(program.parent))
    _, checks = asked(capsys)
    assert checks["sops"]["state"] == state


def test_the_program_that_a_unit_names_is_looked_for_and_not_the_usual_one(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = "environments: [dev], terraform: {binary: own-terraform}"
    (repository / "infrastructure/platform.yaml").write_text(PLATFORM.replace("environments: [dev]", options))
    monkeypatch.setenv("FLOWMART_TERRAFORM", "/nowhere/terraform")
    _, checks = asked(capsys)
    assert checks["tool of terraform"]["found"] == "own-terraform: there is no such program"
    program = repository / "bin/own-terraform"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho Own 1.2.3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    _, checks = asked(capsys)
    assert checks["tool of terraform"]["found"] == "Own 1.2.3"
