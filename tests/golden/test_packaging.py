"""What FlowMart is installed from, where no container engine is: read, and held to what it promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deployments.server_parts import PARTS

PROJECT = Path(__file__).resolve().parents[2]
PACKAGING = PROJECT / "deployments/packaging"
SCHEMA = Path(__file__).with_name("packaging") / "compose-spec.json"
"""The Compose Specification's own schema, without its descriptions, from compose-go 2.16.2 (Apache 2.0)."""


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, with their arguments on one line."""
    text = re.sub(r"^\s*#.*\n", "", (PACKAGING / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]


def arguments(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def last_stage() -> dict[str, str]:
    """The last instruction of each kind in the stage that becomes the image."""
    begins = max(place for place, (name, _) in enumerate(instructions()) if name == "FROM")
    return dict(instructions()[begins:])


def test_images_are_named_by_whoever_builds_and_have_no_default() -> None:
    assert [name for name in arguments("ARG") if "=" in name] == []
    images = [rest.partition(" ")[0] for rest in arguments("FROM")]
    assert sorted(set(images)) == ["${PYTHON_IMAGE}", "${TERRAFORM_IMAGE}"]
    assert any("*@sha256:*" in rest and "exit 64" in rest for rest in arguments("RUN"))
    # Where it names an image in an example, never by `latest` or by tag alone.
    named = re.findall(r"_IMAGE=(\S+)", (PACKAGING / "Containerfile").read_text())
    assert named
    assert [name for name in named if "@sha256:" not in name or ":latest" in name] == []


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    stage = last_stage()
    assert stage["USER"] == "10001:10001"
    assert json.loads(stage["HEALTHCHECK"].partition("CMD ")[2]) == ["flowmart", "server", "probe"]
    assert json.loads(stage["ENTRYPOINT"])[-1] == "flowmart"
    assert "ADD" not in stage


def test_packages_are_installed_by_hash() -> None:
    downloads = [rest for rest in arguments("RUN") if "pip install" in rest]
    assert all("--require-hashes" in rest or "--no-deps" in rest for rest in downloads)
    assert [rest for rest in arguments("RUN") if "curl" in rest or "wget" in rest] == []


def test_all_that_is_copied_is_let_through_by_the_ignore_file() -> None:
    let = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {"deployments", "flows", "tasks", "requirements", "pyproject.toml", "prefect.yaml"} <= let
    assert [name for name in sorted(let) if not (PROJECT / name).exists()] == []


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PACKAGING / "compose.yaml").read_text())
    return found


def ours() -> Iterator[tuple[str, dict[str, Any]]]:
    """The services that run our image."""
    return ((name, each) for name, each in compose()["services"].items() if "FLOWMART_IMAGE" in each["image"])


def test_the_compose_file_is_one() -> None:
    jsonschema.validate(compose(), json.loads(SCHEMA.read_text()))


def test_its_containers_may_do_no_more_than_they_must() -> None:
    assert {name for name, _ in ours()} == {"server", "registrar", "board", "worker"}
    for name, service in ours():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    ports = [port for service in compose()["services"].values() for port in service.get("ports", ())]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert all("@sha256" in service["image"] for service in compose()["services"].values())


def parts_started() -> set[str]:
    return {next(word for word in service["command"] if word in PARTS) for _, service in ours()}


def test_it_starts_processes_that_there_are() -> None:
    for name, service in ours():
        entry = [*service.get("entrypoint", ()), *service["command"]]
        text = " ".join(entry)
        assert "server run" in text, name
        if "sh" in entry:
            # What is behind the script are its arguments, the first of them its name.
            assert entry[entry.index("-c") + 2] == "run", name
    assert parts_started() <= set(PARTS)


def unit() -> dict[str, list[str]]:
    lines = (PACKAGING / "systemd/flowmart@.service").read_text().splitlines()
    found: dict[str, list[str]] = {}
    for name, _, value in (line.partition("=") for line in lines if "=" in line and not line.startswith("#")):
        found.setdefault(name, []).append(value)
    return found


def test_the_unit_of_systemd_runs_one_process_with_few_rights() -> None:
    found = unit()
    assert found["ExecStart"] == ["/opt/flowmart/bin/flowmart server run %i"]
    assert (found["User"], found["NoNewPrivileges"], found["ProtectSystem"]) == (["flowmart"], ["yes"], ["strict"])
    assert found["Restart"] == ["on-failure"]


@pytest.mark.parametrize("name", sorted(PARTS))
def test_the_documents_name_every_process(name: str) -> None:
    text = (PROJECT / "docs/install.md").read_text()
    assert f"flowmart@{name}" in text
