"""The command lines of the workflows do what the workflows are for: each is run by bash as a runner runs it.

The platform is the small one of docs/examples: it needs no cloud, so what is tried is what a workflow says and takes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.doubles.github_server import github
from tests.doubles.github_stub import GitHubStub
from tests.flows.test_installed_engine import Greetings

__all__ = ["github"]

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / ".github" / "workflows"
COMMAND = ".flowmart/.venv/bin/flowmart"
OURS = sorted(path.name for path in FOLDER.glob("*.yml"))


def workflow(name: str) -> dict[Any, Any]:
    """A workflow; `on` is a boolean in YAML 1.1."""
    found: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text())
    return found


def steps(name: str) -> Iterator[Mapping[str, Any]]:
    for job in workflow(name)["jobs"].values():
        yield from job.get("steps", ())


def scripts(name: str) -> list[Mapping[str, Any]]:
    """The steps of a workflow that run the command."""
    return [step for step in steps(name) if COMMAND in step.get("run", "")]


class Runner:
    """A job's folder: the repository, and the command beside it."""

    def __init__(self, greetings: Greetings) -> None:
        self.greetings = greetings
        self.folder = greetings.folder / "repository"
        self.temporary = greetings.folder / "runner"
        self.temporary.mkdir()
        command = self.folder / COMMAND
        command.parent.mkdir(parents=True)
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m deployments.cli "$@"\n')
        command.chmod(0o755)

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True).stdout.strip()

    def run(self, step: Mapping[str, Any], **given: str) -> subprocess.CompletedProcess[str]:
        """Run a step as GitHub does; `given` are the values of its variables that are expressions."""
        expressions = {name for name, value in step.get("env", {}).items() if "${{" in str(value)}
        assert expressions <= {*given, "FLOWMART_STORE", "KUBECONFIG", "FLOWMART_GITHUB_TOKEN"}
        variables = {
            **self.greetings.variables,
            **given,
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_STEP_SUMMARY": str(self.temporary / "summary.md"),
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        return subprocess.run(shell, cwd=self.folder, env=variables, capture_output=True, text=True, check=False)

    def summary(self) -> str:
        return (self.temporary / "summary.md").read_text()


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    made = Greetings(tmp_path)
    made.release("Hello")
    return Runner(made)


def test_every_command_line_is_tried_here() -> None:
    tried = {"plan.yml", "promote-environment.yml", "drift.yml"}
    assert {name for name in OURS if scripts(name)} == tried


def test_a_pull_request_s_head_is_planned_and_shown(runner: Runner) -> None:
    (step,) = scripts("plan.yml")
    done = runner.run(step, ENVIRONMENT="dev", HEAD=runner.head)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "### dev" in runner.summary()
    assert "greeting" in runner.summary()


def test_a_plan_that_is_rejected_fails_the_job(runner: Runner) -> None:
    (step,) = scripts("plan.yml")
    assert runner.run(step, ENVIRONMENT="dev", HEAD="f" * 40).returncode != 0


@pytest.mark.parametrize("release", ["HEAD", "a tag", "a commit"])
def test_a_release_is_promoted_by_any_name_and_has_not_drifted(runner: Runner, release: str) -> None:
    runner.git("tag", "v1")
    name = {"a tag": "v1", "a commit": runner.head}.get(release, release)
    (promote,), (drift,) = scripts("promote-environment.yml"), scripts("drift.yml")
    for step in (promote, drift):
        done = runner.run(step, ENVIRONMENT="dev", RELEASE=name)
        assert done.returncode == 0, done.stdout + done.stderr
    assert runner.greetings.found() == {"dev": "Hello"}


@pytest.mark.parametrize(("merged", "greeting"), [(False, "Hello head"), (True, "Hello merged")])
def test_a_pull_request_is_promoted_by_its_number(
    runner: Runner, github: GitHubStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, merged: bool, greeting: str
) -> None:
    monkeypatch.setenv("FLOWMART_GITHUB_REPOSITORY", github.state.repository)
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "hub.git")], check=True)
    runner.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    for said, ref in (
        ("Hello head", "refs/pull/12/head"),
        ("Hello merged", "refs/heads/main"),
        ("Hello later", "HEAD"),
    ):
        runner.greetings.release(said)
        if ref != "HEAD":
            runner.git("push", "--quiet", "origin", f"HEAD:{ref}")
    github.state.open_pull(12, runner.git("rev-parse", "HEAD~2"))
    if merged:
        github.state.merge_pull(12, runner.git("rev-parse", "HEAD~1"))
    (promote,) = scripts("promote-environment.yml")
    done = runner.run(promote, ENVIRONMENT="dev", RELEASE="#12")
    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.greetings.found() == {"dev": greeting}


@pytest.mark.parametrize("name", ["plan.yml", "promote-environment.yml", "drift.yml"])
def test_another_repository_can_call_it_with_roles_and_a_store_of_its_own(name: str) -> None:
    (job,) = workflow(name)["jobs"].values()
    inputs = workflow(name)[True]["workflow_call"]["inputs"]
    assert {"roles", "store", "region", "flowmart"} <= set(inputs)
    assert job["permissions"]["id-token"] == "write"
    beside, set_up = (
        next(step for step in steps(name) if step.get("with", {}).get("path") == ".flowmart"),
        next(step for step in steps(name) if step.get("uses") == "./.flowmart/.github/actions/set-up"),
    )
    assert "inputs.flowmart" in beside["with"]["ref"]
    action = yaml.safe_load((PROJECT / ".github/actions/set-up/action.yml").read_text())
    assert set(set_up["with"]) <= set(action["inputs"])
    needed = {key for key, value in action["inputs"].items() if value.get("required")}
    assert needed <= set(set_up["with"])


def test_no_stored_key_is_used() -> None:
    assert not [name for name in OURS if "AWS_SECRET_ACCESS_KEY" in (FOLDER / name).read_text()]
    assert "role-to-assume" in (PROJECT / ".github/actions/set-up/action.yml").read_text()
