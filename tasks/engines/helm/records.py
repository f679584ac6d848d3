"""Edits helm's records of revisions while a rollback reads them.

`helm rollback` has no post-renderer: it sends the manifest that it recorded. It also compares that manifest with the
newest revision to find what to delete, so a copy under a new number would not work. The format is helm's own
(`pkg/storage/driver/secrets.go`): a Secret `sh.helm.release.v1.<release>.v<revision>` with gzipped JSON in base64.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog

from tasks.cluster.access import Cluster
from tasks.cluster.objects import Reference
from tasks.domain.errors import FlowmartError, Refused

log = structlog.get_logger("flowmart.helm")

_SECRETS = ("", "secret", "secrets")
"""The values of HELM_DRIVER with which helm keeps revisions in Secrets."""


def are_in_reach(variables: Mapping[str, str]) -> bool:
    """Tell whether helm keeps its revisions in Secrets, where they can be edited.

    Args:
        variables: the environment variables that helm runs with.
    """
    return variables.get("HELM_DRIVER", "") in _SECRETS


@contextmanager
def edited(
    cluster: Cluster, release: str, namespace: str, revision: int, edit: Callable[[str], str]
) -> Iterator[None]:
    """Edit the manifest in the record of a revision, and restore it when the context ends.

    Args:
        cluster: the cluster, as the identity that writes.
        release: the release's name.
        namespace: the release's namespace.
        revision: the revision's number.
        edit: returns the edited manifest.

    Raises:
        Refused: there is no such record.
    """
    about = Reference("v1", "Secret", namespace, f"sh.helm.release.v1.{release}.v{revision}")
    before = _replaced(cluster, about, edit)
    try:
        yield
    finally:
        try:
            _replaced(cluster, about, lambda _: before)
        except FlowmartError as error:
            # Only ignored fields differ in the record: log that, but do not call the rollback failed.
            log.warning("record of a revision stays edited", record=str(about), why=str(error))


def _replaced(cluster: Cluster, about: Reference, edit: Callable[[str], str]) -> str:
    """Replace only the manifest in a record, since helm may have changed the rest; returns the manifest before."""
    live = cluster.read(about)
    if live is None:
        raise Refused(f"{about}: helm has no record of that revision; plan again")
    record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(live["data"]["release"]))))
    before = str(record["manifest"])
    data = {"release": _packed({**record, "manifest": edit(before)})}
    metadata = {"name": about.name, "namespace": about.namespace}
    # The version makes the apply fail if helm wrote the record in between.
    metadata["resourceVersion"] = live["metadata"]["resourceVersion"]
    item = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    cluster.apply(about, item, force=True)
    return before


def _packed(record: Mapping[str, Any]) -> str:
    text = gzip.compress(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    return base64.b64encode(base64.b64encode(text)).decode()
