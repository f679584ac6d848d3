"""The `helm-test` check, on what helm says and on its record of a release."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.checks import running
from tasks.checks.answers import Surroundings
from tasks.domain.errors import Unanswered
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Check
from tasks.processes import Command, Finished, Processes

OPTIONS = {"namespace": "shop", "release": "cart", "timeout": 20}


def ended(code: int, text: str = "", error: str = "") -> Finished:
    return Finished(code, text, error, 0.0)


@dataclass
class Helm(Processes):
    """A helm that ends so."""

    test: Finished
    status: Finished
    commands: list[Command] = field(default_factory=list)

    def run(self, command: Command) -> Finished:
        self.commands.append(command)
        return self.test if command.argv[1] == "test" else self.status


def record(*hooks: dict[str, Any]) -> Finished:
    return ended(0, f"Pulled: something\n{json.dumps({'name': 'cart', 'hooks': list(hooks)})}")


def hook(name: str, phase: str, event: str = "test", kind: str = "Job") -> dict[str, Any]:
    return {"name": name, "kind": kind, "events": [event], "last_run": {"phase": phase}}


def asked(helm: Processes) -> CheckResult:
    around = Surroundings(
        client=lambda _: None,
        outputs={},
        folder=Path("/nowhere"),
        variables={},
        processes=helm,
        writing=lambda: {"HELM_KUBECONTEXT": "dev-apply"},
        helm=lambda: "helm4",
    )
    return running.run(Check("it", "helm-test", OPTIONS, within=0), around)


GOOD, BAD = ended(0), ended(1, error="Error: 1 error occurred")


def test_the_tests_are_run_as_who_applies() -> None:
    helm = Helm(GOOD, record(hook("ask", "Succeeded")))
    found = asked(helm)
    assert (found.outcome, found.found) == (Outcome.SUCCEEDED, "they do: ask")
    assert found.expected == "the tests of release cart in shop pass"
    argv = ("helm4", "test", "cart", "--namespace", "shop", "--timeout", "20s")
    assert helm.commands[0].argv == argv
    assert helm.commands[0].variables == {"HELM_KUBECONTEXT": "dev-apply"}


@pytest.mark.parametrize(
    ("test", "status", "outcome", "found"),
    [
        (GOOD, record(hook("migrate", "Succeeded", "pre-upgrade")), Outcome.FAILED, "the release has no tests"),
        (BAD, ended(1, error="Error: release: not found"), Outcome.FAILED, "there is no such release"),
        (BAD, ended(1, error="Error: connection refused"), Outcome.UNANSWERED, "connection refused"),
        (BAD, record(hook("ask", "Running")), Outcome.UNANSWERED, "1 error occurred"),
        (ended(-15), record(hook("ask", "Failed")), Outcome.UNANSWERED, "helm gave no reason"),
    ],
)
def test_only_a_test_that_failed_is_a_failure(test: Finished, status: Finished, outcome: Outcome, found: str) -> None:
    result = asked(Helm(test, status))
    assert result.outcome is outcome
    assert found in result.found


def test_a_helm_that_does_not_end_is_no_answer() -> None:
    class Hanging(Processes):
        def run(self, command: Command) -> Finished:
            raise Unanswered(f"{command.argv[0]} did not end")

    assert asked(Hanging()).outcome is Outcome.UNANSWERED
