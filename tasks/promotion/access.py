"""Credentials of an environment by purpose: reading (plans, checks, drift) and writing (applies, rollbacks).

They are for AWS, if the environment has an account, and for its cluster, if it has one. platform.yaml may also name
secrets for its tools (`tasks.credentials`). Each is requested when it is used, and again when it is about to expire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from tasks import aws
from tasks.analysis import Sources
from tasks.analysis.judging import metrics_in
from tasks.checks.answers import no_prometheus
from tasks.credentials import Secrets
from tasks.domain.analysis import Analysis
from tasks.domain.errors import InvalidInput
from tasks.domain.logging import ElasticsearchServer
from tasks.domain.monitoring import PrometheusServer
from tasks.domain.platform import Cluster, Environment, Purpose
from tasks.elasticsearch.client import Elasticsearch
from tasks.monitoring.client import Prometheus
from tasks.settings import Settings


class Access(Protocol):
    """Provides credentials and clients for environments."""

    def reading(self, environment: Environment) -> Mapping[str, str]:
        """Return environment variables with which a tool can only read."""

    def writing(self, environment: Environment) -> Mapping[str, str]:
        """Return environment variables with which a tool can write."""

    def client(self, service: str, environment: Environment) -> Any:
        """Return a read-only boto3 client; raises `InvalidInput` if the environment has no account."""


class AssumedRoles:
    """Short-lived credentials of the environment's roles; CloudTrail shows `session` as the session name."""

    def __init__(self, session: str) -> None:
        self._sessions = aws.RoleSessions(session)
        self._secrets = Secrets()

    def reading(self, environment: Environment) -> Mapping[str, str]:
        """Return environment variables with which a tool can only read."""
        return self._variables(environment, "plan")

    def writing(self, environment: Environment) -> Mapping[str, str]:
        """Return environment variables with which a tool can write."""
        return self._variables(environment, "apply")

    def client(self, service: str, environment: Environment) -> Any:
        """Return a read-only boto3 client."""
        return aws.client(service, self._credentials(environment, "plan"))

    def _variables(self, environment: Environment, purpose: Purpose) -> dict[str, str]:
        own = self._credentials(environment, purpose).environment() if environment.roles else {}
        known = own | _context(environment.cluster, purpose)
        sources = environment.secrets(purpose)
        return known | self._secrets.read(sources, known, (environment.name, purpose, environment.account))

    def _credentials(self, environment: Environment, purpose: Purpose) -> aws.Credentials:
        return self._sessions.assume(environment.role(purpose), environment.region)


NO_PROMETHEUS = "none"
"""Value of FLOWMART_PROMETHEUS if no Prometheus can be queried: analyses are omitted."""


def prometheus(access: Access, environment: Environment, seconds: float, instead: str) -> Prometheus:
    """Return the Prometheus client of an environment.

    Args:
        seconds: the time limit of each request.
        instead: an address that replaces the declared one, without its credentials and headers; "" for none.

    Raises:
        InvalidInput: no Prometheus is declared, or none may be queried.
    """
    if environment.prometheus is None:
        return no_prometheus(seconds)
    if instead == NO_PROMETHEUS:
        raise InvalidInput(f"FLOWMART_PROMETHEUS={NO_PROMETHEUS}: no Prometheus may be asked; unset it")
    if instead:
        return Prometheus(PrometheusServer(instead), seconds=seconds)
    variables = access.reading(environment) if environment.prometheus.sigv4 else {}
    return Prometheus(environment.prometheus, variables, seconds)


def sources(access: Access, environment: Environment, analysis: Analysis, chosen: Settings) -> Sources:
    """Return the clients that an analysis needs in an environment; those its metrics do not need are None.

    Args:
        chosen: the settings, which may replace the declared servers.

    Raises:
        InvalidInput: a needed server is not declared, or may not be queried.
    """
    metrics = metrics_in(analysis, environment.name)
    seconds, of_logs = analysis.timeout, [each for each in metrics if each.logs is not None]
    return Sources(
        prometheus(access, environment, seconds, chosen.prometheus) if len(of_logs) < len(metrics) else None,
        elasticsearch(access, environment, seconds, chosen.opensearch) if of_logs else None,
    )


NO_OPENSEARCH = "none"
"""Value of FLOWMART_OPENSEARCH if no search server can be reached: units that need one are omitted."""


def searched(environment: Environment, instead: str) -> Environment:
    """Return the environment as units on its search server see it.

    Args:
        instead: an address that replaces the declared ones, without their credentials; "" for none.

    Raises:
        InvalidInput: no search server may be used.
    """
    if instead == NO_OPENSEARCH:
        raise InvalidInput(f"FLOWMART_OPENSEARCH={NO_OPENSEARCH}: no search server may be asked; unset it")
    if not instead or environment.elasticsearch is None:
        return environment
    return replace(environment, elasticsearch=ElasticsearchServer(instead), dashboards=None)


def elasticsearch(access: Access, environment: Environment, seconds: float, instead: str) -> Elasticsearch:
    """Return a read-only Elasticsearch or OpenSearch client of an environment.

    Args:
        seconds: the time limit of each request.
        instead: as for `searched`.

    Raises:
        InvalidInput: no server is declared, or none may be used.
    """
    server = searched(environment, instead).elasticsearch
    if server is None:
        raise InvalidInput(
            f"no Elasticsearch is declared for {environment.name}: add logging.elasticsearch to platform.yaml"
        )
    return Elasticsearch(server, access.reading(environment) if server.sigv4 else {}, seconds)


def _context(cluster: Cluster | None, purpose: Purpose) -> dict[str, str]:
    """Return variables for the kubeconfig, which all tools read, and for the context, which only helm reads."""
    if cluster is None:
        return {}
    kubeconfig = {"KUBECONFIG": cluster.kubeconfig} if cluster.kubeconfig else {}
    return {"HELM_KUBECONTEXT": cluster.plan if purpose == "plan" else cluster.apply, **kubeconfig}
