"""Lists the settings, from the classes that read them, and the variables that are read before any settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from deployments.github.settings import ReceiverSettings
from deployments.server.layout import ServerSettings
from tasks.engines import ENGINES
from tasks.reports.artifacts import table
from tasks.settings import Settings

_INTRODUCTION = """# Settings

Every setting is an environment variable; `.flowmart/profile.env` may hold them too. [Settings](../settings.md) says
which of them tools inherit."""

OTHERS: Mapping[str, tuple[str, str]] = {
    "FLOWMART_PROFILE": ("", "Name of a `.flowmart/NAME.env`, or `none`"),
    "FLOWMART_PROVIDER_VERSIONS": (
        "",
        "Versions of Terraform's providers that may run, such as "
        "`hashicorp/aws >= 6.0, < 7; hashicorp/random ~> 3.6`. Checked after init, before any plan; "
        "others may have any version",
    ),
    "FLOWMART_SANDBOX_PROVIDER": ("", "`real`: the sandbox uses the real AWS provider, against its own AWS"),
    "FLOWMART_SANDBOX_PROVIDER_MIRROR": (
        "",
        "With it: a folder made by `terraform providers mirror`, in place of the registry",
    ),
    "FLOWMART_SECRET_VARIABLES": (
        "",
        "Variables that platform.yaml may hand to tools as secrets: names, or beginnings with `*`, by commas "
        "([credentials](../credentials.md#secrets-for-tools))",
    ),
    "FLOWMART_SYSTEM_PACKAGES": ("", "`no`: the set-up installs no packages of the operating system"),
    "FLOWMART_TRACEBACK": ("", "`1`: an unexpected error shows where it happened"),
    "FLOWMART_PREFECT_LOG": ("", "File that the output of a Prefect server started by `flowmart` goes to"),
}
"""{variable: (default, description)}, for variables that belong to no settings class."""

_MORE = {
    "FLOWMART_TERRAGRUNT": ". `none`: releases are made "
    "[without Terragrunt's units](../terragrunt.md#what-a-release-holds)",
    "FLOWMART_ANSIBLE": ". Ansible reads `ANSIBLE_*` itself ([hosts](../hosts.md))",
}

_SECTIONS: Mapping[str, tuple[str, type[BaseSettings]]] = {
    "The product": ("", Settings),
    "The server": ("Read by `flowmart server` ([server](../server.md)).", ServerSettings),
    "The receiver": (
        "Read by the receiver of GitHub's webhooks ([receiver](../github-receiver.md)).",
        ReceiverSettings,
    ),
}

Row = tuple[str, str, str]


def page() -> str:
    """Return the page as Markdown."""
    head = ("variable", "default", "what it is")
    parts = [_INTRODUCTION]
    for title, (about, model) in _SECTIONS.items():
        parts += [f"## {title}", about, table(head, [*rows(model)])]
    tools = [(f"`{name}`", f"`{tool}`", f"A path, or a name on PATH{_MORE.get(name, '')}") for name, tool in _tools()]
    others = [(f"`{name}`", default, what) for name, (default, what) in OTHERS.items()]
    parts += ["## Tools", "An installed engine has `FLOWMART_` and its name.", table(head, tools)]
    parts += ["## Others", table(head, others)]
    parts += [
        "AWS, Terraform, Prefect and OpenTelemetry read their own variables besides: `AWS_*`, `TF_*`, `PREFECT_*`, "
        "`OTEL_*`."
    ]
    return "\n\n".join(filter(None, parts))


def rows(model: type[BaseSettings]) -> Iterator[Row]:
    """Yield a row for each setting of a class."""
    prefix = str(model.model_config.get("env_prefix", ""))
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        variable = alias if isinstance(alias, str) else f"{prefix}{name.upper()}"
        yield f"`{variable}`", _default(field), _what(field)


def _tools() -> Iterator[tuple[str, str]]:
    for name in ("terraform", "terragrunt", "helm", "kustomize", "packer", "ansible"):
        engine = ENGINES[name]
        yield engine.variable, engine.executable


def _what(field: FieldInfo) -> str:
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    said = f" ({', '.join(f'`{choice}`' for choice in choices)})" if choices else ""
    return f"{field.description or ''}{said}{' (a secret)' if field.annotation is SecretStr else ''}"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, tuple):
        value = ", ".join(value)
    shown = str(value)
    return f"`{shown}`" if shown else ""
