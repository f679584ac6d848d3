"""The options of a control plane's programs, and the files that they read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from deployments.peers.kubernetes.keys import Keys

_SERVICES, _PODS = "10.0.0.0/24", "10.244.0.0/16"
_STAGES = Path(__file__).with_name("stages.yaml")
_CONTAINER_LOG = "".join(
    f"2026-01-01T00:00:0{second}.000000000Z stdout F {line}\n"
    for second, line in enumerate(("starting", "cannot read configuration: DATABASE_URL is malformed", "giving up"))
)
"""The log of every container, in the format of container runtimes (CRI)."""


def of_etcd(address: str, data: Path) -> Sequence[str]:
    """Return the options of etcd."""
    addresses = (f"--listen-client-urls={address}", f"--advertise-client-urls={address}")
    # etcd does not wait for the disk, because losing the data in a crash of the machine does no harm here.
    return (*addresses, "--listen-peer-urls=http://127.0.0.1:0", f"--data-dir={data}", "--unsafe-no-fsync")


def of_server(etcd: str, port: int, keys: Keys, folder: Path) -> Sequence[str]:
    """Return the options of kube-apiserver."""
    certificate, key = keys.certificate("server")
    client, client_key = keys.certificate("admin")
    public, private = keys.accounts
    return (
        f"--etcd-servers={etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={_SERVICES}",
        f"--cert-dir={folder / 'certificates'}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--client-ca-file={keys.authority}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={public}",
        f"--service-account-signing-key-file={private}",
        f"--kubelet-client-certificate={client}",
        f"--kubelet-client-key={client_key}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
    )


def of_controllers(kubeconfig: Path, keys: Keys) -> Sequence[str]:
    """Return the options of kube-controller-manager."""
    return (
        f"--kubeconfig={kubeconfig}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={keys.accounts[1]}",
        f"--root-ca-file={keys.authority}",
        f"--cluster-signing-cert-file={keys.authority}",
        f"--cluster-signing-key-file={keys.authority_key}",
        "--enable-hostpath-provisioner",
        "--leader-elect=false",
        "--secure-port=0",
    )


def of_scheduler(kubeconfig: Path) -> Sequence[str]:
    """Return the options of kube-scheduler."""
    return (f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0")


def of_kwok(kubeconfig: Path, keys: Keys, port: int, folder: Path) -> Sequence[str]:
    """Write kwok's settings into `folder` and return its options."""
    certificate, key = keys.certificate("server")
    return (
        f"--kubeconfig={kubeconfig}",
        f"--config={_kwok_settings(folder)}",
        "--manage-all-nodes=true",
        # Without leases, nodes count as lost after a minute.
        "--node-lease-duration-seconds=40",
        f"--cidr={_PODS}",
        "--node-ip=127.0.0.1",
        f"--node-port={port}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--server-address=127.0.0.1:{port}",
    )


def _kwok_settings(folder: Path) -> Path:
    """Write the stages of nodes and pods, and the log of containers."""
    log, settings = folder / "container.log", folder / "kwok.yaml"
    log.write_text(_CONTAINER_LOG)
    logs = {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": {"name": "all"},
        "spec": {"logs": [{"logsFile": str(log), "previousLogsFile": str(log)}]},
    }
    settings.write_text(f"{_STAGES.read_text()}---\n{json.dumps(logs)}\n")
    return settings
