"""The template of Kubernetes jobs for units: as Prefect wants it, and jobs that Kubernetes knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes.client
import prefect
from prefect.client.schemas.actions import WorkPoolCreate

TEMPLATE = Path(__file__).resolve().parents[2] / "deployments/packaging/kubernetes-work-pool.json"
PREFECTS_OWN = "server/api/collections_data/views/aggregate-worker-metadata.json"
"""What Prefect's server makes of a Kubernetes pool that is given no template, as prefect-kubernetes wrote it."""


def template() -> Any:
    return json.loads(TEMPLATE.read_text())


def prefects_own() -> Any:
    known = json.loads((Path(prefect.__file__).parent / PREFECTS_OWN).read_text())
    return known["prefect-kubernetes"]["kubernetes"]["default_base_job_configuration"]


def placeholders(value: Any) -> set[str]:
    return set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(value)))


def filled(value: Any) -> Any:
    """With a number in place of what stands for one, a mapping for one, and a text for the rest."""
    kinds = {name: each.get("type") for name, each in template()["variables"]["properties"].items()}
    if isinstance(value, str) and (name := re.fullmatch(r"\{\{ (\w+) \}\}", value)):
        return {"integer": 1, "object": {}, "boolean": True}.get(kinds[name[1]], "text")
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    return [filled(item) for item in value] if isinstance(value, list) else value


def unknown(value: Any, kind: str, place: str = "") -> Iterator[str]:
    """The keys that a kind of Kubernetes does not have."""
    if listed := re.fullmatch(r"list\[(\w+)\]", kind):
        for each in value if isinstance(value, list) else ():
            yield from unknown(each, listed[1], f"{place}[]")
    model = getattr(kubernetes.client, kind, None)
    if model is None or not hasattr(model, "openapi_types"):
        return
    types = {key: model.openapi_types[name] for name, key in model.attribute_map.items()}
    for key, item in value.items():
        if key not in types:
            yield f"{place}.{key}"
        else:
            yield from unknown(item, types[key], f"{place}.{key}")


def test_prefect_takes_the_template() -> None:
    pool = WorkPoolCreate(name="units", type="kubernetes", base_job_template=template())
    assert pool.base_job_template == template()
    jsonschema.Draft7Validator.check_schema(template()["variables"])


def test_every_placeholder_is_a_variable_and_every_variable_is_used() -> None:
    assert placeholders(template()["job_configuration"]) == template()["variables"]["properties"].keys()


def test_the_worker_gets_what_its_own_template_gives_it() -> None:
    ours, theirs = (each["job_configuration"] for each in (template(), prefects_own()))
    assert ours.keys() == theirs.keys()
    assert ours["job_manifest"]["metadata"] == theirs["job_manifest"]["metadata"]


def test_kubernetes_knows_every_key_of_the_job() -> None:
    manifest = filled(template()["job_configuration"]["job_manifest"])
    assert [*unknown(manifest, "V1Job")] == []


def test_a_job_is_started_once_and_by_nobody_in_particular() -> None:
    spec = template()["job_configuration"]["job_manifest"]["spec"]
    pod = spec["template"]["spec"]
    assert (spec["backoffLimit"], pod["restartPolicy"]) == (0, "Never")
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
