"""The processes of a sandbox: how to start each of them, and how to tell whether it is ready.

aws          moto, which emulates all accounts (`aws_server`)
provider     the server of the stand-in for Terraform's AWS provider (`aws_provider.serve`)
kubernetes   the clusters, emulated (`kubernetes`) or real control planes (`control_planes`)
hosts        sshd with throw-away hosts for Ansible and Packer (`hosts`)
prefect      a Prefect server with its UI
metrics      the exporter of the delivery's metrics
prometheus   a Prometheus that scrapes the clusters' pods and `metrics`, if the program is installed
opensearch   an OpenSearch for the log and for units of the engine elasticsearch, if it has been built
shipper      an rsyslog that sends the log to that OpenSearch, if the program is installed
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from socket import AF_UNIX, socket

from deployments import prefect_database, prefect_health, prefect_server, processes
from deployments.processes import Process
from deployments.sandbox import control_planes, hosts, kubernetes, monitoring, searching, shipping
from deployments.sandbox.layout import SandboxLayout
from deployments.services import ServiceHealth, ServiceKind, gets

AWS, PROVIDER, KUBERNETES, HOSTS, PREFECT = "aws", "provider", "kubernetes", "hosts", "prefect"
METRICS, PROMETHEUS = "metrics", "prometheus"
OPENSEARCH, SHIPPER = searching.PROCESS, "shipper"


def _aws_command(layout: SandboxLayout, port: int | None) -> list[str]:
    used = ["--used", str(layout.used)]
    images = ["--images", str(layout.images)] if layout.images.is_file() else []
    return [sys.executable, "-m", "deployments.sandbox.aws_server", "--port", str(port), *used, *images]


def _provider_command(layout: SandboxLayout, _: int | None) -> list[str]:
    serve = "deployments.sandbox.aws_provider.serve"
    return [sys.executable, "-m", serve, "--socket", str(layout.provider_socket)]


def _kubernetes_command(layout: SandboxLayout, port: int | None) -> list[str]:
    names = (layout.clusters / "names").read_text().split()
    if control_planes.is_real(layout.clusters):
        return control_planes.command(port or 0, layout.clusters, names)
    return kubernetes.command(port or 0, layout.clusters, names)


def _kubernetes_variables(_: SandboxLayout, __: int | None) -> Mapping[str, str]:
    return control_planes.variables()


def _kubernetes_answers(layout: SandboxLayout, port: int | None) -> bool:
    return kubernetes.answers(port or 0, layout.clusters)


def _hosts_answer(_: SandboxLayout, port: int | None) -> bool:
    return hosts.answers(port or 0)


def _prefect_command(layout: SandboxLayout, port: int | None) -> list[str]:
    prefect_database.prepare(layout.prefect_home)
    return prefect_server.command(port)


def _prefect_variables(layout: SandboxLayout, port: int | None) -> Mapping[str, str]:
    return prefect_server.variables(layout.prefect_home, f"http://127.0.0.1:{port}")


def _examine_prefect(layout: SandboxLayout, process: Process) -> ServiceHealth:
    api, log = f"http://127.0.0.1:{process.port}/api", processes.log_of(layout, PREFECT)
    restart = "flowmart sandbox down && flowmart sandbox up, which starts from scratch"
    server = prefect_health.Server(api, prefect_health.with_httpx(api, ""), log, restart)
    return prefect_health.judge(server, process.started)


def _shipper_command(layout: SandboxLayout, _: int | None) -> list[str]:
    found = processes.find(layout, OPENSEARCH)
    return shipping.command(layout.shipper, found.port or 0 if found else 0)


def _ships(layout: SandboxLayout, _: int | None) -> bool:
    found = processes.find(layout, SHIPPER)
    return found is not None and found.alive


def _nothing(_: SandboxLayout, __: int | None) -> Mapping[str, str]:
    return {}


def _accepts(layout: SandboxLayout, _: int | None) -> bool:
    with socket(AF_UNIX) as probe:
        try:
            probe.connect(str(layout.provider_socket))
        except OSError:
            return False
        return True


KINDS: Mapping[str, ServiceKind[SandboxLayout]] = {
    # This is the cheapest page of moto's own API.
    AWS: ServiceKind(AWS, _aws_command, _nothing, gets("/moto-api/config"), 60.0),
    PROVIDER: ServiceKind(PROVIDER, _provider_command, _nothing, _accepts, 60.0, listens=False),
    KUBERNETES: ServiceKind(KUBERNETES, _kubernetes_command, _kubernetes_variables, _kubernetes_answers, 240.0),
    HOSTS: ServiceKind(HOSTS, hosts.command, _nothing, _hosts_answer, 30.0),
    PREFECT: ServiceKind(
        PREFECT, _prefect_command, _prefect_variables, gets("/api/health"), 180.0, examine=_examine_prefect
    ),
    METRICS: ServiceKind(METRICS, monitoring.exporter_command, monitoring.exporter_variables, gets("/metrics"), 60.0),
    PROMETHEUS: ServiceKind(PROMETHEUS, monitoring.command, _nothing, gets("/-/ready"), 60.0),
    OPENSEARCH: ServiceKind(OPENSEARCH, searching.command, searching.java, gets(searching.HEALTH), 240.0),
    SHIPPER: ServiceKind(SHIPPER, _shipper_command, _nothing, _ships, 10.0, listens=False),
}
