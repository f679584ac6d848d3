"""The programs of a control plane: those that the user has, or else built from source with Go.

Each Go module in `go/` pins what it builds by version and checksum. A built program is kept in a folder named after
the digest of its module, so nothing is built twice, and another version is never taken for this one. A build that was
interrupted goes on where it was: Go keeps what it has compiled.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

VERSION = "1.34.4"
"""Of Kubernetes; `go/kubernetes/go.mod` has the same."""
ASSETS = "KUBEBUILDER_ASSETS"
"""The variable that names a folder with programs, as for controller-runtime's envtest."""

_MODULES = Path(__file__).with_name("go")
_STAMP = "k8s.io/component-base/version"


class MissingProgram(Exception):
    """A program of the control plane is neither there nor built."""


@dataclass(frozen=True)
class Program:
    """One program: the module in `go/` that builds it, the package to build, and what to link into it."""

    name: str
    module: str
    package: str
    link: str = ""


_KUBERNETES = f"-X {_STAMP}.gitVersion=v{VERSION} -X {_STAMP}.gitMajor=1 -X {_STAMP}.gitMinor={VERSION.split('.')[1]}"
PROGRAMS = (
    Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    Program("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", _KUBERNETES),
    Program("kube-controller-manager", "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", _KUBERNETES),
    Program("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", _KUBERNETES),
    Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
)


def found(name: str) -> Path | None:
    """Where a program is, or None."""
    (program,) = (one for one in PROGRAMS if one.name == name)
    given = Path(os.environ[ASSETS]) / name if os.environ.get(ASSETS) else None
    return next((path for path in (given, _built(program)) if path and path.is_file()), None)


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
            path = _compiled(program)
            say(f"{program.name}: built in {time.monotonic() - began:.0f} s")
        say(f"{program.name}: {path}")


def _compiled(program: Program) -> Path:
    go, path = shutil.which("go"), _built(program)
    if go is None:
        raise MissingProgram(f"there is no go on PATH to build {program.name} with: install Go, or set {ASSETS}")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Elsewhere first: whoever looks for the program must never find half of it.
    unfinished = path.with_suffix(".unfinished")
    argv = [go, "build", "-ldflags", f"-s -w {program.link}".strip(), "-o", str(unfinished)]
    finished = subprocess.run(
        [*argv, program.package], cwd=_MODULES / program.module, stderr=subprocess.PIPE, text=True
    )
    if finished.returncode != 0:
        raise MissingProgram(f"go build {program.package}: {finished.stderr.strip()[-2000:]}")
    return unfinished.rename(path)


def _built(program: Program) -> Path:
    folder = _MODULES / program.module
    pinned = b"".join((folder / name).read_bytes() for name in ("go.mod", "go.sum")) + program.link.encode()
    return _cache() / f"{program.module}-{hashlib.sha256(pinned).hexdigest()[:12]}" / program.name


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flowmart/peers"
