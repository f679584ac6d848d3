"""Runs the `helm-test` check: the tests of a Helm release, run by helm.

Passed: helm reports success. Failed: the release does not exist, has no tests, or one of them failed. Unanswered:
helm did not finish, or gave no reason.

helm creates the pods of the tests, so this is the only check with the credentials that apply.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tasks.checks.answers import Answer, Surroundings, failed, passed, shortened, unanswered
from tasks.checks.options import HelmTest
from tasks.cluster import kubeconfig, rollouts
from tasks.cluster.access import Cluster
from tasks.cluster.objects import Reference
from tasks.domain.errors import FlowmartError
from tasks.processes import Command, Finished

_TESTS = frozenset({"test", "test-success"})
_MORE = 15.0
"""Seconds that helm gets beyond its own time limit, to report what it was waiting for."""
_REASONS = 900


def expected(options: HelmTest) -> str:
    """Return what the check expects, as a phrase for people."""
    return f"the tests of release {options.release} in {options.namespace} pass"


def ask(options: HelmTest, around: Surroundings) -> Answer:
    """Run the tests once. Failures are read from helm's own record of the release."""
    try:
        ran = _helm(options, around, "test", "--timeout", f"{options.timeout:g}s")
        record = _helm(options, around, "status", "--output", "json")
        if record.exit_code != 0:
            return _without_record(record)
        return _judged(options, around, ran, _tests(record.stdout))
    except (FlowmartError, OSError) as error:
        return unanswered(shortened(str(error)))


def _helm(options: HelmTest, around: Surroundings, verb: str, *more: str) -> Finished:
    argv = (around.helm(), verb, options.release, "--namespace", options.namespace, *more)
    return around.processes.run(Command(argv, around.folder, around.writing(), options.timeout + _MORE))


def _without_record(record: Finished) -> Answer:
    said = shortened(" ".join(record.stderr.split()))
    return failed("there is no such release") if "release: not found" in said else unanswered(said)


def _tests(record: str) -> list[Mapping[str, Any]]:
    """Return the tests among the hooks of a release. helm 4 may print lines about registries first."""
    hooks = json.loads(record[record.index("{") :]).get("hooks") or ()
    return [hook for hook in hooks if _TESTS & set(hook.get("events") or ())]


def _judged(options: HelmTest, around: Surroundings, ran: Finished, tests: list[Mapping[str, Any]]) -> Answer:
    if not tests:
        return failed("the release has no tests")
    if ran.exit_code == 0:
        return passed(f"they do: {', '.join(str(test['name']) for test in tests)}")
    bad = [test for test in tests if (test.get("last_run") or {}).get("phase") == "Failed"]
    if ran.exit_code < 0 or not bad:
        return unanswered(shortened(" ".join(ran.stderr.split()) or "helm gave no reason"))
    cluster = kubeconfig.opened(around.variables)
    return failed(shortened("; ".join(_reason(options, cluster, test) for test in bad), _REASONS))


def _reason(options: HelmTest, cluster: Cluster, test: Mapping[str, Any]) -> str:
    about = Reference("v1", str(test["kind"]), options.namespace, str(test["name"]))
    live = cluster.read(about) if about.kind == "Pod" else None
    return f"{test['name']}: {rollouts.reasons(cluster, about, live)}" if live else f"{test['name']} failed"
