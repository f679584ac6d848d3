"""The programs of a control plane: the user's own, or ones that the Go modules in `go/` build from source."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from deployments.peers import golang
from deployments.peers.golang import MissingProgram, Program

__all__ = ["ASSETS", "PROGRAMS", "VERSIONS", "MissingProgram", "build", "chosen", "found", "path_of", "require"]

VERSIONS = {"1.34": "1.34.4", "1.37": "1.37.2"}
"""Kubernetes versions by minor version. `go/kubernetes-<minor>/go.mod` has the same."""
CHOICE = "FLOWMART_PEERS_KUBERNETES"
"""The variable that chooses one of these. The default is the first, which the sandbox emulates."""
ASSETS = "KUBEBUILDER_ASSETS"
"""The variable that names a folder with programs, as for controller-runtime's envtest."""

_MODULES = Path(__file__).with_name("go")
_STAMP = "k8s.io/component-base/version"
_ETCD = Program("etcd", _MODULES / "etcd", "go.etcd.io/etcd/server/v3")
_KWOK = Program("kwok", _MODULES / "kwok", "sigs.k8s.io/kwok/cmd/kwok")


def chosen() -> str:
    """Return the chosen minor version of Kubernetes.

    Raises:
        MissingProgram: This version cannot be built.
    """
    minor = os.environ.get(CHOICE) or next(iter(VERSIONS))
    if minor not in VERSIONS:
        raise MissingProgram(f"{CHOICE}={minor}: there are {', '.join(VERSIONS)}")
    return minor


def _of_kubernetes(minor: str) -> tuple[Program, ...]:
    stamp = (
        f"-X {_STAMP}.gitVersion=v{VERSIONS[minor]} -X {_STAMP}.gitMajor=1 -X {_STAMP}.gitMinor={minor.split('.')[1]}"
    )
    names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    return tuple(
        Program(name, _MODULES / f"kubernetes-{minor}", f"k8s.io/kubernetes/cmd/{name}", stamp) for name in names
    )


PROGRAMS = {minor: (_ETCD, *_of_kubernetes(minor), _KWOK) for minor in VERSIONS}
"""The programs of a control plane, by minor version."""


def found(name: str) -> Path | None:
    """Return a program's path, or None if it is missing."""
    (program,) = (one for one in PROGRAMS[chosen()] if one.name == name)
    given = Path(os.environ[ASSETS]) / name if os.environ.get(ASSETS) else None
    return given if given and given.is_file() else program.found


def path_of(name: str) -> Path:
    """Return a program's path.

    Raises:
        MissingProgram: The program is missing.
    """
    path = found(name)
    if path is None:
        raise MissingProgram(
            f"there is no {name}: run make peers-kubernetes, or set {ASSETS} to a folder that has it"
        )
    return path


def require() -> None:
    """Check that all programs of a control plane exist.

    Raises:
        MissingProgram: A program is missing.
    """
    for program in PROGRAMS[chosen()]:
        path_of(program.name)


def build(say: Callable[[str], None]) -> None:
    """Build the missing programs, one after the other.

    Args:
        say: Receives one line of progress at a time.

    Raises:
        MissingProgram: Go is missing, or a build fails.
    """
    for program in PROGRAMS[chosen()]:
        path = found(program.name)
        if path is None:
            began = time.monotonic()
            say(f"building {program.name}: minutes of CPU the first time")
            path = golang.build(program, f"set {ASSETS}")
            say(f"{program.name}: built in {time.monotonic() - began:.0f} s")
        say(f"{program.name}: {path}")
