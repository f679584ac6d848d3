"""Where the state of a root is: what its code says, what `terraform init` made of it, and what is wrong with that.

A state has to outlive the run's temporary checkout, and belongs to one unit in one environment. Source: Terraform's
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
"""The workspace of whoever chooses none."""

DATA = ".terraform"
"""The folder of what `terraform init` makes, unless TF_DATA_DIR names another one."""

_INITIALISED = "terraform.tfstate"
"""The file in it where `terraform init` writes down the backend with all that it was given."""
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
"""Parts of the names of settings that say who asks and not where the state is."""

_NO_SECRETS = frozenset({"secret_suffix"})
"""A part of the name of the Secret that the "kubernetes" backend keeps a state in."""


@dataclass(frozen=True)
class Backend:
    """The kind of a backend ("s3") and its settings, with nothing for those that are not set."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def declared(folder: Path, given: Mapping[str, Any] | None = None) -> Backend | None:
    """The backend in a root's code, with the settings that are `given` besides; None without any."""
    found: Backend | None = None
    for block in code.readable_blocks(folder, "terraform"):
        for inner in (*block.inner("backend"), *block.inner("cloud")):
            kind = inner.labels[0] if inner.labels else "cloud"
            found = Backend(kind, _set({**inner.body, **(given or {})}))
    return found


def initialised(folder: Path, data: str = "") -> Backend | None:
    """The backend that a root was initialised with, in its folder or that of TF_DATA_DIR; None where that is none."""
    file = folder / (data or DATA) / _INITIALISED
    found = json.loads(file.read_text()).get("backend") if file.is_file() else None
    return Backend(found["type"], _set(found.get("config") or {})) if found else None


def fault(backend: Backend | None) -> str:
    """What is wrong with where the state is kept; empty when it outlives a run."""
    if backend is None:
        return (
            "it has no backend, so its state would be lost with each run and everything created again: "
            'add one, such as backend "s3"'
        )
    path = str(backend.settings.get("path", "terraform.tfstate"))
    if backend.kind == "local" and not posixpath.isabs(path) and "${" not in path:
        return (
            f'its backend "local" has the relative path {path}, in the temporary checkout of each run: '
            "use an absolute path or a remote backend"
        )
    return ""


def place(backend: Backend, workspace: str = DEFAULT) -> str:
    """Where exactly the state is, the same text for the same state; empty as long as the code alone cannot tell."""
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
    """The address of a server that is not AWS, which has buckets of its own; "" where there is none."""
    found = settings.get("endpoints")
    found = found[0] if isinstance(found, list) else found
    named = found.get("s3") if isinstance(found, Mapping) else None
    return str(named or settings.get("endpoint") or "")


def _server(address: str) -> str:
    """Name and port of the server in an address, without who signs in there."""
    return urlsplit(address if "://" in address else f"//{address}").netloc.rpartition("@")[2].lower()


def _of_local(settings: Mapping[str, Any], workspace: str) -> str:
    path = posixpath.normpath(str(settings.get("path", "terraform.tfstate")))
    if workspace == DEFAULT:
        return path
    return posixpath.join(str(settings.get("workspace_dir", "terraform.tfstate.d")), workspace, "terraform.tfstate")


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
    """Without `conn_str` the database is in PG_CONN_STR, and differs between environments."""
    written = str(settings.get("conn_str", ""))
    if "://" in written:
        database = f"{_server(written)}{urlsplit(written).path}"
    else:
        database = " ".join(
            sorted(word for word in written.split() if word.startswith(("host=", "port=", "dbname=")))
        )
    return f"pg:{database}:{settings.get('schema_name', 'terraform_remote_state')}:{workspace}" if database else ""


def _of_other(backend: Backend, workspace: str) -> str:
    """All settings that say where, whatever their names are; without any, that is not known."""
    found = {key: value for key, value in backend.settings.items() if not _says_who(key)}
    return f"{backend.kind}:{json.dumps(found, sort_keys=True)}:{workspace}" if found else ""


def names_secrets(backend: Backend) -> bool:
    """Whether a setting says who asks: what init writes down then is as secret."""
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
