"""The programs of a control plane: those that the user has, or else built from source by the Go modules in `go/`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from deployments.peers import golang
from deployments.peers.golang import MissingProgram, Program

__all__ = ["ASSETS", "PROGRAMS", "VERSION", "MissingProgram", "build", "found", "path_of"]

VERSION = "1.34.4"
"""Of Kubernetes; `go/kubernetes/go.mod` has the same."""
ASSETS = "KUBEBUILDER_ASSETS"
"""The variable that names a folder with programs, as for controller-runtime's envtest."""

_MODULES = Path(__file__).with_name("go")
_STAMP = "k8s.io/component-base/version"

_KUBERNETES = f"-X {_STAMP}.gitVersion=v{VERSION} -X {_STAMP}.gitMajor=1 -X {_STAMP}.gitMinor={VERSION.split('.')[1]}"
PROGRAMS = (
    Program("etcd", _MODULES / "etcd", "go.etcd.io/etcd/server/v3"),
    Program("kube-apiserver", _MODULES / "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", _KUBERNETES),
    Program(
        "kube-controller-manager",
        _MODULES / "kubernetes",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        _KUBERNETES,
    ),
    Program("kube-scheduler", _MODULES / "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", _KUBERNETES),
    Program("kwok", _MODULES / "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
)


def found(name: str) -> Path | None:
    """Where a program is, or None."""
    (program,) = (one for one in PROGRAMS if one.name == name)
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


def build(say: Callable[[str], None]) -> None:
    """Build the programs that are missing, one after the other.

    Raises:
        MissingProgram: there is no Go, or a build fails.
    """
    for program in PROGRAMS:
        path = found(program.name)
        if path is None:
            began = time.monotonic()
            say(f"building {program.name}: minutes of CPU the first time")
            path = golang.build(program, f"set {ASSETS}")
            say(f"{program.name}: built in {time.monotonic() - began:.0f} s")
        say(f"{program.name}: {path}")
