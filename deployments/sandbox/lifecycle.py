"""Starts, stops and inspects the sandbox.

All processes start at once, because the Prefect server takes long to start. The sandbox's AWS keeps its state in
memory, so its resources are lost when its process ends. The store's ledger still lists them as applied. The next
start therefore moves that store aside and starts from scratch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deployments import processes, services
from deployments.processes import Process
from deployments.sandbox import (
    accounts,
    charts,
    clusters,
    hosts,
    monitoring,
    profile,
    searching,
    shipping,
    terragrunts,
)
from deployments.sandbox.accounts import Accounts
from deployments.sandbox.aws_provider import package
from deployments.sandbox.aws_provider.install import install, provider_variables
from deployments.sandbox.layout import SandboxLayout
from deployments.sandbox.parts import (
    AWS,
    HOSTS,
    KINDS,
    KUBERNETES,
    METRICS,
    OPENSEARCH,
    PREFECT,
    PROMETHEUS,
    PROVIDER,
    SHIPPER,
)
from deployments.services import Part
from tasks import manifest
from tasks.domain.errors import Unanswered, Unequipped
from tasks.domain.platform import Platform
from tasks.promotion.access import NO_PROMETHEUS

Report = Callable[[str], None]

_PACKAGES = ("moto", "flask", "samtranslator", "jmespath", "jsonschema", "aiohttp", "jsonpatch", "cryptography")
"""What is imported of the packages of the extra `sandbox`."""
_UNMONITORED = {"FLOWMART_PROMETHEUS": NO_PROMETHEUS}
"""The variables of a sandbox that has no Prometheus although platform.yaml declares one."""


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox. `variables` point the product at it; `.flowmart/profile.env` holds the same."""

    root: Path
    platform: Platform
    aws_endpoint: str
    prefect_url: str | None
    variables: Mapping[str, str] = field(repr=False)

    def administrator(self, environment: str) -> Callable[[str], Any]:
        """Return a function from service name to a boto3 client of the administrator in the environment's account.

        Raises:
            Unanswered: the sandbox is not up.
        """
        known = accounts.load(SandboxLayout(self.root).accounts)
        if known is None:
            raise Unanswered(f"sandbox in {self.root}: it is not up; start it with: flowmart sandbox up")
        return accounts.as_administrator(self.aws_endpoint, known, self.platform.environment(environment))


def up(
    root: Path,
    report: Report,
    *,
    infrastructure: Path | None = None,
    prefect: bool = True,
    prometheus: bool = True,
    terragrunt: bool = True,
    opensearch: bool = True,
) -> Sandbox:
    """Start all processes that do not run yet, and point the product at them. Keep the processes that run.

    Args:
        root: the project folder.
        report: called with a line for people at each step.
        infrastructure: the folder of platform.yaml; by default the project's.
        prefect: whether to start a Prefect server.
        prometheus: whether to start a Prometheus, if platform.yaml declares one.
        terragrunt: whether releases include the units that Terragrunt finds, if platform.yaml has a block for them.
        opensearch: whether to use an OpenSearch, if platform.yaml declares one.

    Returns:
        The running sandbox.

    Raises:
        InvalidInput: platform.yaml has a mistake.
        Unequipped: the packages of the sandbox are not installed.
        Unanswered: a process does not start.
    """
    _refuse_without_packages()
    layout, infrastructure = SandboxLayout(root.resolve()), infrastructure or root / "infrastructure"
    platform = manifest.load(infrastructure)
    with processes.alone(layout):
        _put_store_aside(layout, report)
        provider = _install_provider(layout, platform, infrastructure, report)
        names = clusters.declare(layout, platform)
        hosting = hosts.declare(layout, platform, report)
        searching_here = opensearch and searching.starts(layout, platform)
        optional = {KUBERNETES: bool(names), HOSTS: hosting, PREFECT: prefect, OPENSEARCH: searching_here}
        wanted = [AWS, PROVIDER, *(name for name, is_wanted in optional.items() if is_wanted)]
        running = _start(layout, wanted, report)
        running[AWS] = services.wait_until_ready(layout, KINDS[AWS], running[AWS])
        # The other services start meanwhile.
        endpoint = f"http://127.0.0.1:{running[AWS].port}"
        known = _prepare(layout, endpoint, running[AWS], platform, infrastructure, report)
        for name in wanted[1:]:
            running[name] = services.wait_until_ready(layout, KINDS[name], running[name])
        if names:
            clusters.prepare(layout, running[KUBERNETES].port or 0, platform, infrastructure, report)
        prefect_url = f"http://127.0.0.1:{running[PREFECT].port}" if prefect else None
        builder = running[HOSTS].port if hosting else None
        variables = profile.variables(layout, endpoint, prefect_url, known, platform)
        variables |= provider
        variables |= terragrunts.variables(infrastructure, platform, wanted=terragrunt)
        variables |= charts.variables(infrastructure, platform)
        variables |= hosts.variables(layout.hosts, builder)
        variables |= searching.variables(layout, platform, running.get(OPENSEARCH), asked=opensearch)
        if searching_here:
            variables |= _shipped(layout, running[OPENSEARCH], report)
        elif opensearch and searching.wanted(platform) and (missing := searching.missing()):
            report(missing)
        if monitoring.wanted(platform):
            variables |= (
                _monitored(layout, names, running.get(KUBERNETES), infrastructure, report)
                if prometheus
                else _UNMONITORED
            )
        profile.write(layout, variables)
    return Sandbox(layout.root, platform, endpoint, prefect_url, variables)


def _refuse_without_packages() -> None:
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        told = f"the sandbox needs Python packages that are not installed ({', '.join(missing)})"
        raise Unequipped(f"{told}: pip install 'flowmart[sandbox]'")


def _monitored(
    layout: SandboxLayout, names: tuple[str, ...], api: Process | None, infrastructure: Path, report: Report
) -> Mapping[str, str]:
    """Start the exporter and, if it is installed, Prometheus; return the variables that point the product at it."""
    missing = monitoring.missing()
    if missing:
        report(missing)
        return _UNMONITORED
    monitoring.declare(layout, infrastructure)
    exporter = _started(layout, METRICS, report)
    api_port = api.port if api and api.port else 0
    outdated = processes.find(layout, PROMETHEUS)
    if monitoring.configure(layout, names, api_port, exporter.port or 0) and outdated:
        processes.end(layout, outdated)
    started = _started(layout, PROMETHEUS, report)
    return {"FLOWMART_PROMETHEUS": f"http://127.0.0.1:{started.port}"}


def _shipped(layout: SandboxLayout, opensearch: Process, report: Report) -> Mapping[str, str]:
    """Start the log shipper if it is installed; return the variable with the folder of the log, or nothing."""
    missing = shipping.missing()
    if missing:
        report(f"the log stays in files: {missing}")
        return {}
    logs = layout.root / (os.environ.get("FLOWMART_LOG_FOLDER") or layout.log_folder)
    outdated = processes.find(layout, SHIPPER)
    if shipping.configure(layout.shipper, logs, opensearch.port or 0) and outdated:
        processes.end(layout, outdated)
    _start(layout, [SHIPPER], report)
    return {"FLOWMART_LOG_FOLDER": str(logs)}


def down(root: Path, report: Report) -> None:
    """Stop every process of the sandbox and remove its profile. Do nothing if the sandbox is not up."""
    layout = SandboxLayout(root.resolve())
    with processes.alone(layout):
        layout.profile.unlink(missing_ok=True)
        found = [process for name in KINDS if (process := processes.find(layout, name))]
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda process: processes.end(layout, process), found))
        for process in found:
            report(f"{process.name} stopped")
        layout.accounts.unlink(missing_ok=True)
        layout.provider_socket.unlink(missing_ok=True)


def status(root: Path) -> list[Part]:
    """Return the status of every kind of process in the sandbox, whether it runs or not."""
    layout = SandboxLayout(root.resolve())
    return [services.part(layout, kind) for kind in KINDS.values()]


def _put_store_aside(layout: SandboxLayout, report: Report) -> None:
    """Move the store aside if its AWS is gone, because its ledger lists resources that no longer exist."""
    process, known = processes.find(layout, AWS), accounts.load(layout.accounts)
    if process and known and known.belong_to(process) and services.answers_soon(layout, KINDS[AWS], process):
        return
    if process:
        # The process is not fully prepared, hangs or has died. In none of these cases is its state worth keeping.
        processes.end(layout, process)
    layout.accounts.unlink(missing_ok=True)
    _forget(layout, KUBERNETES, layout.clusters)
    _forget(layout, HOSTS, layout.hosts)
    _forget(layout, PROMETHEUS, layout.monitoring)
    _forget(layout, SHIPPER, layout.shipper)
    _forget(layout, OPENSEARCH, layout.search)
    if layout.store.exists():
        place = layout.aside / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        place.mkdir(parents=True)
        layout.store.rename(place / "store")
        report("the sandbox's AWS was stopped, so its resources are gone: starting from scratch")
        report(f"the old store is kept in {place / 'store'}")


def _forget(layout: SandboxLayout, name: str, folder: Path) -> None:
    """Stop a process and delete its folder, whose content belongs to the store and the AWS that are gone."""
    process = processes.find(layout, name)
    if process:
        processes.end(layout, process)
    hosts.forget(folder)


def _start(layout: SandboxLayout, wanted: list[str], report: Report) -> dict[str, Process]:
    layout.folder.mkdir(parents=True, exist_ok=True)
    running = {}
    for name in wanted:
        running[name], fresh = services.ensure_started(layout, KINDS[name])
        report(f"{name} {'starting' if fresh else 'runs already'}")
    return running


def _started(layout: SandboxLayout, name: str, report: Report) -> Process:
    return services.wait_until_ready(layout, KINDS[name], _start(layout, [name], report)[name])


def _prepare(
    layout: SandboxLayout, endpoint: str, process: Process, platform: Platform, infrastructure: Path, report: Report
) -> Accounts:
    known = accounts.load(layout.accounts)
    if known and known.basis == accounts.basis_of(platform, infrastructure):
        return known
    fresh = accounts.prepare(endpoint, process, platform, infrastructure, known)
    fresh.save(layout.accounts)
    report(f"accounts prepared: {', '.join(e.name for e in platform.environments)}")
    return fresh


def _install_provider(
    layout: SandboxLayout, platform: Platform, infrastructure: Path, report: Report
) -> dict[str, str]:
    """Install the stand-in provider and report what prevents its use; return the variables that select it."""
    folders = [infrastructure, *(infrastructure.parent / path for path in platform.paths)]
    locks = {file: version for folder in folders for file, version in package.locked(folder).items()}
    required = {file: versions for folder in folders for file, versions in package.required(folder).items()}
    for complaint in package.complaints(locks, required):
        report(complaint)
    versions = package.wanted(locks, required)
    return provider_variables(install(layout.terraform_mirror, layout.provider_socket, versions))
