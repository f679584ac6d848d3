"""Checks which parts of an installation work, for `flowmart doctor`. Every check is read-only.

Each check reports what it found and, if something is wrong, what to do. A failed check does not hide the others.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tasks import manifest
from tasks.domain import wording
from tasks.domain.errors import FlowmartError, InvalidInput
from tasks.domain.platform import Cluster, Environment, Platform, Purpose
from tasks.engines import ENGINES
from tasks.engines.terraform.options import options
from tasks.engines.terragrunt import record
from tasks.ledger.opening import open_store
from tasks.manifest.models import unusable_engines
from tasks.policy import rego
from tasks.processes import Command, Processes
from tasks.promotion.access import AssumedRoles
from tasks.settings import Settings

State = Literal["works", "fails", "not used"]

_SECONDS = 30.0
_SOPS = "sops"
_VERSION = {
    "terraform": ("version",),
    "helm": ("version", "--short"),
    "kubectl": ("version", "--client"),
    "packer": ("version",),
}
_INSTALL = "sh deployments/setup/install.sh installs it, or {variable} names another one"


@dataclass(frozen=True)
class Check:
    """The result of one check. `found` describes it; `todo` is what to do if it does not work."""

    subject: str
    state: State
    found: str
    todo: str = ""


def diagnose(settings: Settings) -> Iterator[Check]:
    """Check everything that a promotion of the platform needs.

    Yields:
        The results, one by one.
    """
    platform, check = _platform(settings)
    yield check
    yield _policies(settings)
    yield _git(settings)
    yield from _engines()
    yield from _tools(settings, platform)
    yield from _decryption(settings, platform)
    yield _store(settings)
    for environment in platform.environments if platform else ():
        yield from _environment(environment, settings)
    yield from _server(settings)
    yield _github(settings)


def _platform(settings: Settings) -> tuple[Platform | None, Check]:
    infrastructure = settings.repository / "infrastructure"
    if not (infrastructure / "platform.yaml").exists():
        found = f"{infrastructure / 'platform.yaml'} is not there"
        return None, Check("platform", "fails", found, "run in the repository, or write one: flowmart init")
    try:
        platform = manifest.load(infrastructure)
    except FlowmartError as error:
        return None, Check("platform", "fails", str(error), "correct platform.yaml: docs/platform.md")
    found = (
        f"{platform.name}: {wording.number(len(platform.units), 'unit')}, "
        f"{wording.number(len(platform.environments), 'environment')}"
    )
    return platform, Check("platform", "works", found)


def _policies(settings: Settings) -> Check:
    folder = settings.repository / "infrastructure" / "policies"
    try:
        number = len(rego.load(folder).sources)
    except FlowmartError as error:
        return Check(
            "policies", "fails", str(error), "correct it: infrastructure/policies/README.md says how they work"
        )
    if not number:
        return Check("policies", "not used", f"{folder} is not there: only the tools' own validators test plans")
    return Check("policies", "works", f"{number} in {folder}")


def _git(settings: Settings) -> Check:
    return _asked(
        "git", ("git", "log", "-1", "--format=%h %s"), "commit first: releases are made of commits", settings
    )


def _engines() -> Iterator[Check]:
    """Yield the installed engines that cannot be used. If the platform names one, platform.yaml fails too."""
    for name, why in sorted(unusable_engines().items()):
        yield Check(f"engine {name}", "fails", why, "until then no unit can have this engine; others work")


def _tools(settings: Settings, platform: Platform | None) -> Iterator[Check]:
    """Check the tools of the engines that the platform's units use; of all engines if there is no platform."""
    used = {unit.engine for unit in platform.units} if platform else {*ENGINES}
    if platform and manifest.terragrunt_block(settings.repository / "infrastructure", platform):
        used |= {"terragrunt", ENGINES["terragrunt"].runs}
    for name in sorted(used):
        engine = ENGINES[name]
        if not engine.executable:
            yield Check(f"tool of {name}", "works", "needs none")
            continue
        default, todo = (
            settings.executable(engine.variable, engine.executable),
            _INSTALL.format(variable=engine.variable),
        )
        if default == record.NO_TERRAGRUNT:
            yield Check(
                f"tool of {name}", "works", f"{engine.variable}={default}: its units are left out of releases"
            )
            continue
        for program in _programs(platform, name) or [""]:
            yield _tool(name, program or default, todo, settings)


def _programs(platform: Platform | None, engine: str) -> list[str]:
    """Return the programs that an engine's units name; "" stands for the engine's own."""
    units = platform.units if platform else ()
    return sorted({str(unit.options.get("binary", "")) for unit in units if unit.engine == engine})


def _tool(engine: str, program: str, todo: str, settings: Settings) -> Check:
    if shutil.which(program) is None:
        return Check(f"tool of {engine}", "fails", f"{program}: there is no such program", todo)
    version = _VERSION.get(Path(program).name, ("--version",))
    return _asked(f"tool of {engine}", (program, *version), todo, settings)


def _decryption(settings: Settings, platform: Platform | None) -> Iterator[Check]:
    """Check sops, if a unit has a file that is encrypted with it."""
    units = [unit for unit in platform.units if unit.engine == "terraform"] if platform else []
    named = sorted(unit.name for unit in units if any(file.decrypt for file in options(unit.options).files))
    if not named:
        return
    if shutil.which(_SOPS) is None:
        found = f"there is no sops, which decrypts files of {', '.join(named)}"
        yield Check(_SOPS, "fails", found, "install it (getsops.io) and put it on PATH")
    else:
        yield _asked(_SOPS, (_SOPS, "--version", "--disable-version-check"), "install sops again", settings)


def _store(settings: Settings) -> Check:
    todo = "set FLOWMART_STORE to a folder or s3://bucket/prefix that you may read and write"
    try:
        address = settings.store_address
        number = len(open_store(settings).names("releases"))
    except InvalidInput as error:
        return Check("store", "fails", str(error))
    except (FlowmartError, OSError) as error:
        return Check("store", "fails", str(error), todo)
    if "://" not in address and not _is_writable(Path(address)):
        return Check("store", "fails", f"{address} cannot be written", todo)
    return Check("store", "works", f"{address} with {number} objects of releases")


def _is_writable(folder: Path) -> bool:
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return os.access(existing, os.W_OK)


def _environment(environment: Environment, settings: Settings) -> Iterator[Check]:
    access = AssumedRoles(f"{settings.platform_name}-doctor")
    purposes: tuple[tuple[Purpose, str], ...] = (("plan", "reads"), ("apply", "writes"))
    for purpose, does in purposes if environment.roles else ():
        role = environment.role(purpose)
        ask = access.reading if purpose == "plan" else access.writing
        todo = f"log in to AWS as one who may assume it, or make it: flowmart bootstrap {environment.name}"
        yield _tried(f"{environment.name}: role that {does}", role, todo, lambda ask=ask: ask(environment))  # type: ignore[misc]
    if environment.cluster:
        for purpose, does in purposes:
            yield _cluster(environment.name, environment.cluster, purpose, does, settings)


def _cluster(name: str, cluster: Cluster, purpose: Purpose, does: str, settings: Settings) -> Check:
    context = cluster.plan if purpose == "plan" else cluster.apply
    subject, todo = f"{name}: cluster that {does}", f"add the context {context} to the kubeconfig"
    kubectl = ENGINES["kustomize"]
    program = settings.executable(kubectl.variable, kubectl.executable)
    kubeconfig = ("--kubeconfig", cluster.kubeconfig) if cluster.kubeconfig else ()
    question = (program, *kubeconfig, "--context", context, "--request-timeout=10s", "get", "--raw", "/version")
    found = _asked(subject, question, todo, None)
    return Check(subject, "works", context) if found.state == "works" else found


def _server(settings: Settings) -> Iterator[Check]:
    from deployments import server

    parts = server.status(settings.repository)
    if not any(part.started and not part.url for part in parts):
        yield Check("server", "not used", "flowmart server up starts it")
    for part in filter(lambda part: part.started, parts):
        state: State = "works" if part.healthy else "fails"
        todo = "" if part.healthy else part.health.reason or "flowmart server up"
        yield Check(f"server: {part.name}", state, f"{part.state}, {part.address}", todo)


def _github(settings: Settings) -> Check:
    from tasks.github.client import connect

    if not settings.signs_in_to_github:
        return Check(
            "GitHub", "not used", "FLOWMART_GITHUB_APP_ID or FLOWMART_GITHUB_TOKEN signs in (docs/github-receiver.md)"
        )
    todo = "check FLOWMART_GITHUB_APP_ID and its key, or FLOWMART_GITHUB_TOKEN; and FLOWMART_GITHUB_API"
    try:
        return Check("GitHub", "works", f"signed in at {settings.github_api} as {connect(settings).login}")
    except FlowmartError as error:
        return Check("GitHub", "fails", str(error), todo)


def _tried(subject: str, what: str, todo: str, ask: Callable[[], object]) -> Check:
    try:
        ask()
    except FlowmartError as error:
        return Check(subject, "fails", str(error), todo)
    return Check(subject, "works", what)


def _asked(subject: str, argv: tuple[str, ...], todo: str, settings: Settings | None) -> Check:
    """Run a read-only program and report its first line."""
    where = settings.repository if settings else Path.cwd()
    try:
        finished = Processes().run(Command(argv, where, time_limit=_SECONDS))
    except FlowmartError as error:
        return Check(subject, "fails", str(error), todo)
    said = (finished.stdout.strip() or finished.stderr.strip()).splitlines()[:1]
    line = said[0] if said else f"exit code {finished.exit_code}"
    return Check(
        subject, "works" if finished.exit_code == 0 else "fails", line, "" if finished.exit_code == 0 else todo
    )
