"""Find the location of a root's state, from its code or from what `terraform init` recorded, and check it.

A state must outlive the run's temporary checkout, and belongs to one unit in one environment. Source: Terraform's
"Backend Configuration", and the pages of the backends for how each names the state of a workspace.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tasks.engines.terraform import code

DEFAULT = "default"
"""The workspace of units that choose none."""

DATA = ".terraform"
"""The folder that `terraform init` creates, unless TF_DATA_DIR names another one."""

_INITIALISED = "terraform.tfstate"
"""The file in it where `terraform init` records the backend with all its settings."""
_WORKSPACES = "terraform.tfstate.d"
"""The default `workspace_dir` of the backend "local"."""
_SECRETS = (
    "key_id",
    "secret",
    "password",
    "token",
    "conn_str",
    "credentials",
    "encryption",
    "username",
    "certificate",
)
"""Parts of setting names that identify the client or hold secrets, and do not say where the state is."""

_NO_SECRETS = frozenset({"secret_suffix"})
"""Settings that look secret but are not: the "kubernetes" backend names the Secret of a state by this suffix."""


@dataclass(frozen=True)
class Backend:
    """The kind of a backend ("s3") and its settings. Settings that are not set are left out."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def declared(folder: Path, given: Mapping[str, Any] | None = None) -> Backend | None:
    """Return the backend in a root's code; None if there is none.

    Args:
        folder: the root's folder.
        given: settings from outside the code, which take precedence.
    """
    found: Backend | None = None
    for block in code.readable_blocks(folder, "terraform"):
        for inner in (*block.inner("backend"), *block.inner("cloud")):
            kind = inner.labels[0] if inner.labels else "cloud"
            found = Backend(kind, _set({**inner.body, **(given or {})}))
    return found


def initialised(folder: Path, data: str = "") -> Backend | None:
    """Return the backend that a root was initialised with; None if it was not.

    Args:
        folder: the root's folder.
        data: the value of TF_DATA_DIR; empty for the default folder.
    """
    file = folder / (data or DATA) / _INITIALISED
    found = json.loads(file.read_text()).get("backend") if file.is_file() else None
    return Backend(found["type"], _set(found.get("config") or {})) if found else None


def fault(backend: Backend | None, workspace: str = DEFAULT) -> str:
    """Return why a state would not outlive a run; empty if it does.

    Args:
        backend: the backend with its settings; None without one.
        workspace: the tool's workspace.
    """
    if backend is None:
        return (
            "it has no backend, so its state would be lost with each run and everything created again: "
            'add one, such as backend "s3"'
        )
    if backend.kind == "inmem":
        return 'its backend "inmem" forgets its state with each command: use a remote backend'
    if backend.kind != "local":
        return ""
    # Terraform ignores `path` in all workspaces but the default one.
    setting, usual = ("path", "terraform.tfstate") if workspace == DEFAULT else ("workspace_dir", _WORKSPACES)
    path = str(backend.settings.get(setting, usual))
    if posixpath.isabs(path) or "${" in path:
        return ""
    where = "" if workspace == DEFAULT else f" for workspace {workspace}"
    return (
        f'its backend "local" has the relative {setting} {path}{where}, in the temporary checkout of each run: '
        "use an absolute path or a remote backend"
    )


def place(backend: Backend, workspace: str = DEFAULT) -> str:
    """Return the exact location of the state. The same state always gets the same text.

    Args:
        backend: the backend with its settings.
        workspace: the tool's workspace.

    Returns:
        The location; empty if it depends on variables or a setting is missing.
    """
    told = json.dumps(backend.settings)
    if "${" in told:
        return ""
    known = _PLACES.get(backend.kind)
    return known(backend.settings, workspace) if known else _of_other(backend, workspace)


def _set(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value not in (None, "", [], {})}


def _of_s3(settings: Mapping[str, Any], workspace: str) -> str:
    if not {"bucket", "key"} <= settings.keys():
        return ""
    prefix = "" if workspace == DEFAULT else f"{settings.get('workspace_key_prefix', 'env:')}/{workspace}/"
    server = _server(_endpoint(settings))
    key = posixpath.normpath(settings["key"]).lstrip("/")
    return f"s3://{settings['bucket']}/{prefix}{key}{f' at {server}' if server else ''}"


def _endpoint(settings: Mapping[str, Any]) -> str:
    """Return the address of an S3 server that is not AWS, with buckets of its own; empty if there is none."""
    found = settings.get("endpoints")
    found = found[0] if isinstance(found, list) else found
    named = found.get("s3") if isinstance(found, Mapping) else None
    return str(named or settings.get("endpoint") or "")


def _server(address: str) -> str:
    """Return the host and port in an address, without credentials."""
    return urlsplit(address if "://" in address else f"//{address}").netloc.rpartition("@")[2].lower()


def _of_local(settings: Mapping[str, Any], workspace: str) -> str:
    path = posixpath.normpath(str(settings.get("path", "terraform.tfstate")))
    if workspace == DEFAULT:
        return path
    return posixpath.join(str(settings.get("workspace_dir", _WORKSPACES)), workspace, "terraform.tfstate")


def _of_gcs(settings: Mapping[str, Any], workspace: str) -> str:
    if "bucket" not in settings:
        return ""
    return f"gs://{posixpath.join(settings['bucket'], settings.get('prefix', ''), workspace)}.tfstate"


def _of_azure(settings: Mapping[str, Any], workspace: str) -> str:
    names = ("storage_account_name", "container_name", "key")
    if not {*names} <= settings.keys():
        return ""
    suffix = "" if workspace == DEFAULT else f"env:{workspace}"
    return f"azurerm://{'/'.join(str(settings[name]) for name in names)}{suffix}"


def _of_http(settings: Mapping[str, Any], _: str) -> str:
    address = str(settings.get("address", ""))
    return address.replace(urlsplit(address).netloc, _server(address), 1)


def _of_postgres(settings: Mapping[str, Any], workspace: str) -> str:
    """Return the database; empty without `conn_str`: PG_CONN_STR then names it, and differs between environments."""
    written = str(settings.get("conn_str", ""))
    if "://" in written:
        database = f"{_server(written)}{urlsplit(written).path}"
    else:
        database = " ".join(
            sorted(word for word in written.split() if word.startswith(("host=", "port=", "dbname=")))
        )
    return f"pg:{database}:{settings.get('schema_name', 'terraform_remote_state')}:{workspace}" if database else ""


def _of_other(backend: Backend, workspace: str) -> str:
    """Return all settings except those that identify the client; empty if no others are set."""
    found = {key: value for key, value in backend.settings.items() if not _says_who(key)}
    return f"{backend.kind}:{json.dumps(found, sort_keys=True)}:{workspace}" if found else ""


def names_secrets(backend: Backend) -> bool:
    """Tell whether a setting may be a secret. If so, what init records is secret too."""
    return any(map(_says_who, backend.settings))


def _says_who(key: str) -> bool:
    return key not in _NO_SECRETS and any(word in key for word in _SECRETS)


_PLACES: Mapping[str, Callable[[Mapping[str, Any], str], str]] = {
    "s3": _of_s3,
    "local": _of_local,
    "gcs": _of_gcs,
    "azurerm": _of_azure,
    "http": _of_http,
    "pg": _of_postgres,
}
