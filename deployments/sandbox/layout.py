"""Where the sandbox keeps what it has: one folder below the project, that can be deleted when nothing runs."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deployments import processes

_LONGEST_SOCKET_PATH = 100
"""sockaddr_un holds 108 bytes on Linux, 104 on macOS."""


@dataclass(frozen=True)
class Layout(processes.Layout):
    """The paths of the sandbox that belongs to the project folder `root`."""

    root: Path

    @property
    def folder(self) -> Path:
        """Everything below is the sandbox's own."""
        return self.root / ".flowmart" / "sandbox"

    @property
    def profile(self) -> Path:
        """The variables that point the product at this sandbox; exists while the sandbox is up."""
        return self.root / ".flowmart" / "profile.env"

    @property
    def lock(self) -> Path:
        """Held while the sandbox is being started or stopped."""
        return self.root / ".flowmart" / "sandbox.lock"

    @property
    def accounts(self) -> Path:
        """Access keys of the operator and the administrator, and the AWS process that knows them."""
        return self.folder / "accounts.json"

    @property
    def store(self) -> Path:
        """Releases and ledger of what was done in the sandbox."""
        return self.folder / "store"

    @property
    def aside(self) -> Path:
        """Stores whose AWS is gone, by the time at which that was noticed."""
        return self.folder / "aside"

    @property
    def prefect_home(self) -> Path:
        """PREFECT_HOME of the server and of its clients."""
        return self.folder / "prefect"

    @property
    def clusters(self) -> Path:
        """State of the Kubernetes clusters, and in `names` which there are."""
        return self.folder / "kubernetes"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with the contexts that platform.yaml names for its environments."""
        return self.clusters / "kubeconfig"

    @property
    def hosts(self) -> Path:
        """The throw-away hosts: their roots, and what leads ssh to them."""
        return self.folder / "hosts"

    @property
    def terraform_mirror(self) -> Path:
        """The filesystem mirror that `terraform init` finds the provider in."""
        return self.folder / "terraform"

    @property
    def provider_socket(self) -> Path:
        """The Unix socket of the provider's server; elsewhere when the project's path is too long for one."""
        beside = self.folder / "provider.sock"
        if len(str(beside)) <= _LONGEST_SOCKET_PATH:
            return beside
        name = hashlib.sha256(str(beside).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"flowmart-{name}.sock"
