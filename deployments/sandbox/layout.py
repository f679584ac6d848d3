"""The sandbox's files. All are in one folder of the project, which can be deleted while the sandbox is down."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deployments import processes

_LONGEST_SOCKET_PATH = 100
"""A limit in bytes that is safe on both systems: sockaddr_un holds 108 bytes on Linux and 104 on macOS."""


@dataclass(frozen=True)
class SandboxLayout(processes.ProcessLayout):
    """The paths of the sandbox that belongs to the project folder `root`."""

    root: Path

    @property
    def folder(self) -> Path:
        """The sandbox's working folder. Everything in it belongs to the sandbox."""
        return self.root / ".flowmart" / "sandbox"

    @property
    def profile(self) -> Path:
        """The file of variables that point the product at this sandbox. It exists while the sandbox is up."""
        return self.root / ".flowmart" / "profile.env"

    @property
    def lock(self) -> Path:
        """The lock file that is held while the sandbox is being started or stopped."""
        return self.root / ".flowmart" / "sandbox.lock"

    @property
    def images(self) -> Path:
        """A file that the user may write, with ids of additional public AWS images, one on each line."""
        return self.root / ".flowmart" / "images.txt"

    @property
    def accounts(self) -> Path:
        """The file with the access keys of operator and administrator, and the AWS process that they belong to."""
        return self.folder / "accounts.json"

    @property
    def used(self) -> Path:
        """The file with one line for each action that a role has used in AWS."""
        return self.folder / "used-actions.txt"

    @property
    def store(self) -> Path:
        """The sandbox's store, with releases and ledger."""
        return self.folder / "store"

    @property
    def aside(self) -> Path:
        """The folder of old stores, whose AWS was stopped. Subfolders are named by the time of the next start."""
        return self.folder / "aside"

    @property
    def prefect_home(self) -> Path:
        """PREFECT_HOME of the Prefect server and its clients."""
        return self.folder / "prefect"

    @property
    def clusters(self) -> Path:
        """The folder with the state of the Kubernetes clusters. The file `names` in it lists them."""
        return self.folder / "kubernetes"

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig with the contexts that platform.yaml names for its environments."""
        return self.clusters / "kubeconfig"

    @property
    def hosts(self) -> Path:
        """The folder of the throw-away hosts: their root folders and the ssh configuration."""
        return self.folder / "hosts"

    @property
    def monitoring(self) -> Path:
        """The folder with Prometheus' configuration and data."""
        return self.folder / "monitoring"

    @property
    def search(self) -> Path:
        """The folder with OpenSearch's data and its log."""
        return self.folder / "search"

    @property
    def shipper(self) -> Path:
        """The folder with the log shipper's configuration, its progress, and the records that the server refused."""
        return self.folder / "shipper"

    @property
    def log_folder(self) -> Path:
        """The folder of the log that the shipper sends, unless the user has chosen another one."""
        return self.root / ".flowmart" / "log"

    @property
    def terraform_mirror(self) -> Path:
        """The filesystem mirror from which `terraform init` installs the provider."""
        return self.folder / "terraform"

    @property
    def provider_socket(self) -> Path:
        """The Unix socket of the provider's server; in the temporary folder if the project's path is too long."""
        beside = self.folder / "provider.sock"
        if len(str(beside)) <= _LONGEST_SOCKET_PATH:
            return beside
        name = hashlib.sha256(str(beside).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"flowmart-{name}.sock"
