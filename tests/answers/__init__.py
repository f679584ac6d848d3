"""What a real API server answers to manifests that are wrong, or that it stores in another way than they are written.

`cases.yaml` has the manifests, each with what differs from a base; `recorded.json` what kube-apiserver answered to
them, as server-side applies that are dry runs. Recorded anew by

    python -m tests.answers KUBECONFIG
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from kubernetes import config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

CASES = Path(__file__).with_name("cases.yaml")
RECORDED = Path(__file__).with_name("recorded.json")


def cases() -> dict[str, dict[str, Any]]:
    """The manifests by the names of their cases."""
    found = yaml.safe_load(CASES.read_text())
    return {name: _made(found["bases"][case["base"]], case) for name, case in found["cases"].items()}


def before() -> str:
    """The namespaces and definitions that the cases need, as YAML for kubectl."""
    return yaml.safe_dump_all(yaml.safe_load(CASES.read_text())["before"])


def recorded() -> dict[str, Any]:
    """The answers of the real API server, by the same names."""
    found: dict[str, Any] = json.loads(RECORDED.read_text())
    return found


class Asked:
    """A cluster that is asked, as the user of a kubeconfig's context."""

    def __init__(self, kubeconfig: Path, context: str | None = None) -> None:
        reached = config.new_client_from_config(str(kubeconfig), context)
        self._client = DynamicClient(reached, discoverer=lambda *_: None)

    def answer(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """The status, and the reason with the message and the fields, or what would be stored."""
        query = [("fieldManager", "tests"), ("force", "true"), ("dryRun", "All"), ("fieldValidation", "Strict")]
        how = {"query_params": query, "content_type": "application/apply-patch+yaml", "serialize": False}
        try:
            answered = self._client.request("PATCH", _path(manifest), body=dict(manifest), **how)
        except ApiException as error:
            return _refusal(int(error.status or 0), json.loads(error.body))
        stored = json.loads(answered.data)
        # Pods get much from admission that is of no interest here.
        parts = () if stored["kind"] == "Pod" else ("spec", "data", "type")
        kept = {key: stored[key] for key in parts if key in stored}
        return {"status": 200, "stored": kept, "warnings": answered.headers.getlist("Warning")}


def _refusal(status: int, told: Mapping[str, Any]) -> dict[str, Any]:
    causes = (told.get("details") or {}).get("causes") or ()
    fields = sorted({cause.get("field", "") for cause in causes})
    return {"status": status, "reason": told.get("reason", ""), "message": told["message"], "fields": fields}


_PLURALS = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"}


def _path(manifest: Mapping[str, Any]) -> str:
    version, kind = manifest["apiVersion"], manifest["kind"]
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    root = "apis" if "/" in version else "api"
    metadata = manifest["metadata"]
    return f"/{root}/{version}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}"


def _made(base: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, Any]:
    """The base, with the values at the paths of `set`, and without those of `drop`."""
    made = copy.deepcopy(dict(base))
    for path, value in (case.get("set") or {}).items():
        *way, last = _parts(path)
        _walked(made, way)[last] = value
    for path in case.get("drop") or ():
        *way, last = _parts(path)
        del _walked(made, way)[last]
    return made


def _parts(path: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in path.split(".")]


def _walked(place: Any, way: list[str | int]) -> Any:
    for part in way:
        place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
    return place
