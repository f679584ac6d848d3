"""The service manager of the sandbox's hosts: what systemd makes of unit files, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.sandbox.hosts.flowmart_host import systemctl
from deployments.sandbox.hosts.flowmart_host.root import Failed

SHOP = """
# The shop.
[Unit]
Description=The shop
[Service]
ExecStart=/bin/sh \\
    -c true
[Install]
WantedBy=multi-user.target
Alias=store.service
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host's root with the unit shop.service."""
    (tmp_path / "bin").symlink_to("/bin")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    for file in ("group", "shadow"):
        (tmp_path / "etc" / file).write_text("root:x:0:\n")
    monkeypatch.setenv("FLOWMART_HOST_ROOT", str(tmp_path))
    has(tmp_path, SHOP)
    return tmp_path


def has(root: Path, text: str, name: str = "shop.service") -> None:
    file = root / "etc/systemd/system" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def shown(key: str, name: str = "shop") -> str:
    return systemctl.main(["show", name, "-p", key, "--value"])[0][0]


def code(*arguments: str) -> int:
    return systemctl.main(arguments)[1]


def test_a_service_is_started_stopped_and_restarted() -> None:
    assert (code("is-active", "shop"), shown("MainPID")) == (3, "0")
    code("start", "shop")
    assert (code("is-active", "shop"), shown("SubState")) == (0, "running")
    code("restart", "shop.service")
    assert shown("ActiveState") == "active"
    code("stop", "shop")
    assert (shown("ActiveState"), shown("SubState")) == ("inactive", "dead")


def test_enabling_makes_the_links_that_the_unit_names_and_an_alias_is_the_same_unit(root: Path) -> None:
    assert systemctl.main(["is-enabled", "shop"]) == (["disabled"], 1)
    code("enable", "--now", "shop")
    wanted = root / "etc/systemd/system/multi-user.target.wants/shop.service"
    assert str(wanted.readlink()) == "/etc/systemd/system/shop.service"
    assert systemctl.main(["is-enabled", "shop"]) == (["enabled"], 0)
    assert shown("Id", "store") == "shop.service"
    code("disable", "shop")
    assert not wanted.is_symlink()
    assert shown("LoadState", "store") == "not-found"


def test_a_unit_without_an_install_section_is_static(root: Path) -> None:
    has(root, "[Service]\nExecStart=/bin/true\n")
    assert systemctl.main(["is-enabled", "shop"]) == (["static"], 0)


def test_a_masked_unit_cannot_be_started() -> None:
    code("mask", "other")
    assert shown("LoadState", "other") == "masked"
    with pytest.raises(Failed, match=r"Unit other.service is masked"):
        code("start", "other")
    code("unmask", "other")
    assert shown("LoadState", "other") == "not-found"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[Service]\nType=oneshot\nExecStart=/bin/false\n", "ExecStart=/bin/false ended with 1"),
        ("[Service]\nExecStart=/bin/true\nExecStartPre=/bin/false\n", "ExecStartPre=/bin/false ended with 1"),
        ("[Service]\nType=notify\nExecStart=/opt/missing\n", "203/EXEC"),
        ("[Service]\nType=exec\nUser=nobody-there\nExecStart=/bin/true\n", "217/USER"),
        ("[Service]\nType=sometimes\nExecStart=/bin/true\n", "has a bad unit file setting"),
        ("[Service]\nUser=root\n", "has a bad unit file setting"),
        ("[Service]\nExecStart=/bin/true\nExecStart=/bin/true\n", "more than one ExecStart="),
        ("[Unit]\nRequires=missing.service\n[Service]\nExecStart=/bin/true\n", "Unit missing.service not found"),
    ],
)
def test_a_service_that_cannot_start_is_told_why(root: Path, text: str, said: str) -> None:
    has(root, text)
    with pytest.raises(Failed, match=said):
        code("start", "shop")
    assert shown("ActiveState") != "active"


def test_a_simple_service_whose_program_is_missing_has_started_and_failed(root: Path) -> None:
    has(root, "[Service]\nExecStart=/opt/missing\n")
    assert code("start", "shop") == 0
    assert (shown("ActiveState"), shown("Result"), shown("ExecMainStatus")) == ("failed", "exit-code", "203")
    code("reset-failed", "shop")
    assert shown("ActiveState") == "inactive"


def test_what_a_oneshot_does_is_done(root: Path) -> None:
    script = f"ExecStart=/bin/sh -c 'echo $${{GREETING}} > {root}/done'\n".replace("$$", "$")
    service = f"[Service]\nType=oneshot\nEnvironment=GREETING=hello\nRemainAfterExit=yes\n{script}"
    has(root, service)
    code("start", "shop")
    assert (root / "done").read_text() == "hello\n"
    assert (shown("ActiveState"), shown("SubState")) == ("active", "exited")


def test_a_failure_that_the_unit_allows_is_none(root: Path) -> None:
    has(root, "[Service]\nExecStart=/bin/true\nExecStartPre=-/bin/false\n")
    code("start", "shop")
    assert shown("ActiveState") == "active"


def test_drop_in_files_count_and_an_empty_value_takes_back(root: Path) -> None:
    has(root, "[Service]\nExecStart=\nExecStart=/bin/false\nExecReload=/bin/true\n", "shop.service.d/own.conf")
    assert shown("ExecStart") == "/bin/false"
    assert shown("DropInPaths") == "/etc/systemd/system/shop.service.d/own.conf"
    code("start", "shop")
    assert code("reload", "shop") == 0


def test_a_service_that_cannot_reload_is_not_reloaded() -> None:
    code("start", "shop")
    with pytest.raises(Failed, match=r"reload is not applicable for unit shop\.service"):
        code("reload", "shop")
    assert code("reload-or-restart", "shop") == 0


def test_a_changed_unit_file_needs_a_reload_of_the_manager(root: Path) -> None:
    code("start", "shop")
    has(root, SHOP.replace("The shop", "Another"))
    assert shown("NeedDaemonReload") == "yes"
    code("daemon-reload")
    assert shown("NeedDaemonReload") == "no"


def test_a_unit_whose_condition_does_not_hold_is_skipped(root: Path) -> None:
    has(root, f"[Unit]\nConditionPathExists=/etc/shop\n{SHOP}")
    assert code("start", "shop") == 0
    assert shown("ActiveState") == "inactive"
    (root / "etc/shop").touch()
    code("start", "shop")
    assert shown("ActiveState") == "active"


def test_an_instance_is_of_its_template(root: Path) -> None:
    has(root, "[Service]\nExecStart=/bin/true %i\n[Install]\nWantedBy=multi-user.target\n", "queue@.service")
    code("enable", "--now", "queue@mail")
    assert shown("ActiveState", "queue@mail") == "active"
    assert shown("ActiveState", "queue@print") == "inactive"


def test_services_are_listed_as_modules_read_them() -> None:
    rows, _ = systemctl.main(["list-units", "--no-pager", "--type", "service", "--all", "--plain"])
    assert "shop.service loaded inactive dead The shop" in rows
    files, _ = systemctl.main(["list-unit-files", "--no-pager", "--type", "service", "--all"])
    assert "shop.service disabled enabled" in files


@pytest.mark.parametrize("arguments", [("--user", "start", "shop"), ("isolate", "rescue.target")])
def test_what_is_not_emulated_is_said(arguments: tuple[str, ...]) -> None:
    with pytest.raises(Failed, match="not emulated"):
        code(*arguments)


def test_a_unit_that_is_not_there_is_told() -> None:
    with pytest.raises(Failed, match=r"Unit missing.service not found") as raised:
        code("start", "missing")
    assert raised.value.code == 5
