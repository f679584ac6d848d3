"""Build the node with Maven, which also downloads its jars (53 MB): once for each content of `java/`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from deployments.peers.golang import MissingProgram, cache

VERSION = "2.19.6"
"""`java/pom.xml` has the same version: the newest line that runs on Java 17."""

MODULE = Path(__file__).with_name("java")
_SOURCE = Path("src/main/java/OpenSearchNode.java")


def found() -> Path | None:
    """Return the folder of the node's jars, or None if they are not built or Java is missing."""
    return jars if (jars := _jars()).is_dir() and java() else None


def java() -> Path | None:
    """Return the Java that runs the node: that of JAVA_HOME, or the one on PATH; None if there is neither."""
    home = os.environ.get("JAVA_HOME")
    named = shutil.which("java", path=f"{home}/bin") if home else None
    program = named or shutil.which("java")
    return Path(program) if program else None


def build() -> Path:
    """Build the node if it is missing, and return the folder of its jars.

    Raises:
        MissingProgram: Java or Maven is missing, or the build fails.
    """
    if jars := found():
        return jars
    maven = shutil.which("mvn")
    if maven is None or java() is None:
        raise MissingProgram("OpenSearch is built with Maven and a JDK of version 17 or later: install both")
    return _built(maven)


def _built(maven: str) -> Path:
    jars = _jars()
    # Build elsewhere first, so that the folder never has an incomplete set of jars.
    unfinished = jars.parent / f"unfinished-{os.getpid()}"
    shutil.copytree(MODULE, unfinished, dirs_exist_ok=True)
    try:
        _run(maven, unfinished)
        shutil.copy(unfinished / "target/opensearch-node-1.jar", unfinished / "jars")
        if not jars.is_dir():
            (unfinished / "jars").rename(jars)
    finally:
        shutil.rmtree(unfinished)
    return jars


def _run(maven: str, folder: Path) -> None:
    goals = ("package", "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'jars'}")
    command = [maven, "--batch-mode", "--quiet", *goals]
    finished = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if finished.returncode != 0:
        raise MissingProgram(f"mvn package in {MODULE}: {finished.stdout.strip()[-2000:]}")


def _jars() -> Path:
    made_of = (MODULE / "pom.xml").read_bytes() + (MODULE / _SOURCE).read_bytes()
    return cache() / f"opensearch-{hashlib.sha256(made_of).hexdigest()[:12]}" / "jars"
