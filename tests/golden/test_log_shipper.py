"""The log-shipper's chart: what it sends is what the documentation says, and it may do no more than that."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.cluster.objects import Manifest, parsed
from tests.peers.tools import tool

PROJECT = Path(__file__).resolve().parents[2]
CHART = PROJECT / "infrastructure/helm-charts/log-shipper"
ENVIRONMENTS = ("dev", "staging", "production")


@cache
def rendered(environment: str, helm: str = "helm") -> dict[str, Manifest]:
    values = str(CHART / f"values/{environment}.yaml")
    command = [tool(helm), "template", "log-shipper", str(CHART), "--namespace", "flowmart-logging", "-f", values]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    return {about.kind: manifest for about, manifest in parsed(finished.stdout, "log-shipper").items()}


def configuration(environment: str) -> dict[str, Any]:
    text = rendered(environment)["ConfigMap"]["data"]["fluent-bit.yaml"]
    # Fluent Bit reads no booleans: "on" is a text.
    found: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 -- texts only
    return found


def example() -> dict[str, Any]:
    text = (PROJECT / "docs/examples/logging/fluent-bit.yaml").read_text()
    found: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 -- texts only
    return found


PLACES = ("db", "host", "port", "tls", "storage.total_limit_size")
"""What differs from one machine to the next."""


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_flowmarts_own_log_is_read_and_sent_as_the_documentation_says(environment: str) -> None:
    ours, theirs = configuration(environment), example()
    assert ours["parsers"] == theirs["parsers"]
    for part in ("inputs", "outputs"):
        (expected,) = theirs["pipeline"][part]
        found = ours["pipeline"][part][0]
        assert {k: v for k, v in found.items() if k not in PLACES} == {
            k: v for k, v in expected.items() if k not in PLACES
        }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_services_log_goes_to_a_stream_of_its_environment_that_the_template_covers(environment: str) -> None:
    pipeline = configuration(environment)["pipeline"]
    (output,) = (each for each in pipeline["outputs"] if each["match"] == "services")
    (added,) = (each["record"] for each in pipeline["filters"] if each["name"] == "record_modifier")
    fields = dict(each.split(" ", 1) for each in added)
    assert output["index"] == f"logs-flowmart.services-{environment}"
    assert output["index"] == f"logs-{fields['data_stream.dataset']}-{fields['data_stream.namespace']}"
    assert (output["write_operation"], output["generate_id"]) == ("create", "on")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_is_given_up_while_the_server_is_away(environment: str) -> None:
    pipeline = configuration(environment)["pipeline"]
    assert {each["retry_limit"] for each in pipeline["outputs"]} == {"no_limits"}
    assert {each["storage.type"] for each in pipeline["inputs"]} == {"filesystem"}
    assert all(each["storage.total_limit_size"] for each in pipeline["outputs"])


def test_it_has_no_rights_no_token_and_writes_only_its_own_place() -> None:
    objects = rendered("production")
    assert set(objects) == {"ConfigMap", "DaemonSet", "NetworkPolicy", "ServiceAccount"}
    pod = objects["DaemonSet"]["spec"]["template"]["spec"]
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    security = container["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"]) == (True, False)
    writable = [each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")]
    assert writable == ["/var/lib/log-shipper"]
    assert {each["hostPath"]["path"] for each in pod["volumes"] if "hostPath" in each} == {
        "/var/log",
        "/var/lib/log-shipper",
    }


def test_a_changed_configuration_makes_new_pods() -> None:
    digests = {
        rendered(each)["DaemonSet"]["spec"]["template"]["metadata"]["annotations"]["checksum/configuration"]
        for each in ENVIRONMENTS
    }
    assert len(digests) == len(ENVIRONMENTS)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_helm_3_and_4_render_the_same(environment: str) -> None:
    assert rendered(environment) == rendered(environment, "helm3")
