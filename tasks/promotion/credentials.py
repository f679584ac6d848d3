"""Short-lived credentials of an environment by purpose: one to read with, another to write with.

They are for AWS, where the environment has an account, and for its cluster, where it has one. Each is asked for when
it is used, and again when it is about to expire.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasks import aws
from tasks.domain.platform import Cluster, Environment, Purpose


@dataclass(frozen=True)
class Access:
    """How one run reaches an environment, as one of its units sees it. `session` is what CloudTrail shows."""

    environment: Environment
    session: str

    def reading(self) -> dict[str, str]:
        """Variables with which a tool can only read."""
        return self._variables("plan")

    def writing(self) -> dict[str, str]:
        """Variables with which a tool can write."""
        return self._variables("apply")

    def reader(self) -> aws.Credentials:
        """The read-only credentials for AWS; `InvalidInput` where the environment has no account."""
        return self._credentials("plan")

    def _variables(self, purpose: Purpose) -> dict[str, str]:
        own = self._credentials(purpose).environment() if self.environment.roles else {}
        return own | _context(self.environment.cluster, purpose)

    def _credentials(self, purpose: Purpose) -> aws.Credentials:
        return aws.assume(self.environment.role(purpose), self.environment.region, self.session[:64])


def _context(cluster: Cluster | None, purpose: Purpose) -> dict[str, str]:
    """Which context of which kubeconfig to use: KUBECONFIG is every tool's, HELM_KUBECONTEXT is helm's own."""
    if cluster is None:
        return {}
    kubeconfig = {"KUBECONFIG": cluster.kubeconfig} if cluster.kubeconfig else {}
    return {"HELM_KUBECONTEXT": cluster.plan if purpose == "plan" else cluster.apply, **kubeconfig}
