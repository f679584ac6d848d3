"""The programs of a control plane: those that the user has, or else built from source by the Go modules in `go/`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from deployments.peers import golang
from deployments.peers.golang import MissingProgram, Program

__all__ = ["ASSETS", "PROGRAMS", "VERSIONS", "MissingProgram", "build", "chosen", "found", "path_of", "require"]

VERSIONS = {"1.34": "1.34.4", "1.37": "1.37.2"}
"""Of Kubernetes, by minor version; `go/kubernetes-<minor>/go.mod` has the same."""
CHOICE = "FLOWMART_PEERS_KUBERNETES"
"""The variable that chooses one of these; without it the first, which is what the sandbox is."""
ASSETS = "KUBEBUILDER_ASSETS"
"""The variable that names a folder with programs, as for controller-runtime's envtest."""

_MODULES = Path(__file__).with_name("go")
_STAMP = "k8s.io/component-base/version"
_ETCD = Program("etcd", _MODULES / "etcd", "go.etcd.io/etcd/server/v3")
_KWOK = Program("kwok", _MODULES / "kwok", "sigs.k8s.io/kwok/cmd/kwok")


def chosen() -> str:
    """The minor version of Kubernetes that is wanted.

    Raises:
        MissingProgram: it is none that can be built.
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
"""What a control plane of each minor version consists of."""


def found(name: str) -> Path | None:
    """Where a program is, or None."""
    (program,) = (one for one in PROGRAMS[chosen()] if one.name == name)
    given = Path(os.environ[ASSETS]) / name if os.environ.get(ASSETS) else None
    return given if given and given.is_file() else program.found


def path_of(name: str) -> Path:
    """Where a program is.

    Raises:
        MissingProgram: it is not there.
    """
    path = found(name)
    if path is None:
        raise MissingProgram(
            f"there is no {name}: run make peers-kubernetes, or set {ASSETS} to a folder that has it"
        )
    return path


def require() -> None:
    """Look for all programs of a control plane.

    Raises:
        MissingProgram: one is not there.
    """
    for program in PROGRAMS[chosen()]:
        path_of(program.name)


def build(say: Callable[[str], None]) -> None:
    """Build the programs that are missing, one after the other.

    Raises:
        MissingProgram: there is no Go, or a build fails.
    """
    for program in PROGRAMS[chosen()]:
        path = found(program.name)
        if path is None:
            began = time.monotonic()
            say(f"building {program.name}: minutes of CPU the first time")
            path = golang.build(program, f"set {ASSETS}")
            say(f"{program.name}: built in {time.monotonic() - began:.0f} s")
        say(f"{program.name}: {path}")
