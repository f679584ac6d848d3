"""The package manager of the sandbox's hosts: as Debian's where it is used, and "not emulated" elsewhere."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from deployments.sandbox.hosts.flowmart_host import aptget, bindings, configurations, packages, programs, versions
from deployments.sandbox.hosts.flowmart_host.packages import Packages
from deployments.sandbox.hosts.flowmart_host.root import Failed
from deployments.sandbox.hosts.flowmart_host.units import Units

ASCENDING = ("1.0~~", "1.0~rc1-1", "1.0", "1.0-1", "1.0-1+deb12u1", "1.0-1+deb12u2", "1.0a", "1.0+b1", "1.9", "1.10")
"""By `dpkg --compare-versions`."""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host's root with its databases of users, and no package."""
    (tmp_path / "etc").mkdir()
    for file, line in (("passwd", "root:x:0:0::/root:/bin/sh"), ("group", "root:x:0:"), ("shadow", "root:*:19000")):
        (tmp_path / "etc" / file).write_text(f"{line}\n")
    monkeypatch.setenv("FLOWMART_HOST_ROOT", str(tmp_path))
    return tmp_path


def test_versions_are_ordered_as_debian_orders_them() -> None:
    both = [*ASCENDING, "1:0.9"]
    assert all(versions.compare(one, other) < 0 for one, other in itertools.combinations(both, 2))
    assert versions.compare("09", "9") == 0


def test_a_package_brings_its_configuration_its_user_its_program_and_its_service(root: Path) -> None:
    said, code = aptget.get(["-y", "install", "chrony"])
    assert code == 0
    assert "0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded." in said
    assert "pool" in (root / "etc/chrony/chrony.conf").read_text()
    assert any(line.startswith("_chrony:") for line in (root / "etc/passwd").read_text().splitlines())
    assert (root / "usr/local/sbin/chronyd").stat().st_mode & 0o111
    assert (root / "etc/systemd/system/multi-user.target.wants/chrony.service").is_symlink()
    assert Units().states()["chrony.service"]["active"] == "active"


def test_a_program_that_the_machine_does_not_have_says_that_it_is_not_emulated(root: Path) -> None:
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/git").touch()
    aptget.get(["install", "git", "whois", "iptables"])
    made = {file.name for file in (root / "usr/local/sbin").iterdir()}
    assert {"mkpasswd", "iptables"} <= made
    assert "git" not in made
    aptget.get(["remove", "whois"])
    assert not (root / "usr/local/sbin/mkpasswd").exists()


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("systemctl", ["-r", "now"], "no systemctl with such arguments (unrecognized arguments: -r)"),
        ("apt-get", ["install", "--unknown", "git"], "no apt-get with such arguments"),
        ("shutdown", ["-r", "now"], "no shutdown"),
    ],
)
def test_what_a_replaced_program_does_not_know_is_not_emulated(
    name: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert programs.main(name, arguments) == 1
    assert f"not emulated: the sandbox's hosts have {said}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["haproxy", "memcached", "redis-server", "ntpsec", "fail2ban"])
def test_a_service_brings_its_file_of_defaults(root: Path, name: str) -> None:
    aptget.get(["install", name])
    assert (root / "etc/default" / name).is_file()


def test_a_program_says_its_version_as_the_original_does(root: Path) -> None:
    aptget.get(["install", "haproxy"])
    assert '"says": "HAProxy version 2.6.12' in (root / "usr/local/sbin/haproxy").read_text()


def test_what_a_package_needs_is_installed_before_it_and_removed_before_what_it_needs() -> None:
    assert Packages().needed(["nginx"]) == ["nginx-common", "nginx"]
    aptget.get(["install", "nginx"])
    assert Packages().needed(["nginx"]) == []
    assert Packages().needing(["nginx-common"]) == ["nginx", "nginx-common"]


def test_a_simulation_says_what_would_be_done_and_does_nothing() -> None:
    said, _ = aptget.get(["--simulate", "install", "nginx=1.22.1-9+deb12u2"])
    assert "  nginx nginx-common" in said
    assert "nginx" not in Packages().installed()


def test_configuration_stays_when_a_package_is_removed_and_goes_when_it_is_purged(root: Path) -> None:
    aptget.get(["install", "chrony"])
    (root / "etc/chrony/chrony.conf").write_text("pool own.example\n")
    aptget.get(["remove", "chrony"])
    assert (root / "etc/chrony/chrony.conf").exists()
    assert not (root / "usr/local/sbin/chronyd").exists()
    aptget.get(["install", "chrony"])
    assert (root / "etc/chrony/chrony.conf").read_text() == "pool own.example\n"
    aptget.get(["purge", "chrony"])
    assert not (root / "etc/chrony").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["install", "kubelet"], "not emulated: the sandbox's hosts have no package kubelet"),
        (["install", "nginx=1.25.0"], "Version '1.25.0' for 'nginx' was not found"),
        (["install", "./own.deb"], "not emulated: the sandbox's hosts have no package from a file"),
        (["install", "-t", "bookworm-backports", "nginx"], "no release bookworm-backports"),
        (["build-dep", "nginx"], "no apt-get build-dep"),
        (["remove", "openssh-server"], "host without openssh-server"),
    ],
)
def test_what_a_host_cannot_do_is_refused_and_nothing_is_done(arguments: list[str], said: str) -> None:
    before = Packages().states()
    with pytest.raises(Failed, match=said):
        aptget.get(arguments)
    assert Packages().states() == before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("docker.list", "deb [arch=amd64] https://download.example/linux bookworm stable\n"),
        ("docker.sources", "Types: deb\nURIs: https://download.example/linux\nSuites: bookworm\n"),
        ("like.list", "deb https://debian.org.example/ bookworm main\n"),
    ],
)
def test_a_repository_of_somebody_elses_is_not_emulated(root: Path, file: str, text: str) -> None:
    folder = root / "etc/apt/sources.list.d"
    folder.mkdir(parents=True)
    (folder.parent / "sources.list").write_text("deb http://packages.example bookworm main\n")
    aptget.get(["update"])
    (folder / file).write_text(text)
    with pytest.raises(Failed, match=rf"no package repository https://\S+ \(/etc/apt/sources.list.d/{file}\)"):
        aptget.get(["update"])


def test_questions_of_dpkg_are_answered_from_the_same_database(root: Path) -> None:
    aptget.get(["install", "chrony"])
    assert aptget.query(["-W", "-f", "${Package} ${Version} ${db:Status-Status}\\n", "chrony"])[0] == [
        "chrony 4.3-2+deb12u1 installed\n"
    ]
    assert "Package: chrony\nStatus: install ok installed\n" in (root / "var/lib/dpkg/status").read_text()
    with pytest.raises(Failed, match="no packages found matching nginx"):
        aptget.query(["-W", "nginx"])
    assert aptget.dpkg(["--compare-versions", "1.10", "gt", "1.9"])[1] == 0


def test_modules_find_packages_as_python_apt_has_them() -> None:
    aptget.get(["install", "chrony"])
    cache = bindings.Cache()
    chrony, nginx = cache["chrony"], cache["nginx"]
    assert (chrony.is_installed, chrony.installed and chrony.installed.version) == (True, "4.3-2+deb12u1")
    assert chrony.installed
    assert chrony.installed.origins[0].origin == "Debian"
    assert (nginx.is_installed, nginx.installed_files) == (False, [])
    assert bindings.Policy(cache).get_candidate_ver(nginx).ver_str == "1.22.1-9+deb12u2"
    with pytest.raises(Failed, match="no package kubelet"):
        cache.get_providing_packages("kubelet")


def test_every_package_can_be_installed_and_purged(root: Path) -> None:
    for name, package in sorted(packages.catalogue().items()):
        aptget.get(["install", name])
        assert name in Packages().installed()
        if not package.base:
            aptget.get(["purge", name])
            assert name not in Packages().states()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http { server { }", 'unexpected end of file, expecting "}"'),
        ("http { } }", 'unexpected "}" in /etc/nginx/nginx.conf:1'),
        ("worker_processes 1", 'expecting ";" or "}"'),
        ("include /etc/nginx/missing.conf;", r'open\(\) "/etc/nginx/missing.conf" failed'),
        ("include sites/*;", 'unexpected end of file, expecting "}" in /etc/nginx/sites/broken'),
    ],
)
def test_a_configuration_that_nginx_would_not_take_is_refused(root: Path, text: str, said: str) -> None:
    (root / "etc/nginx/sites").mkdir(parents=True)
    (root / "etc/nginx/sites/broken").write_text("server {\n")
    (root / "etc/nginx/nginx.conf").write_text(text)
    with pytest.raises(Failed, match=said):
        configurations.check("nginx", "/etc/nginx/nginx.conf", braces=True)


def test_braces_in_comments_and_in_quotes_do_not_count(root: Path) -> None:
    (root / "etc/nginx").mkdir()
    (root / "etc/nginx/nginx.conf").write_text("# {\nlog_format main '{ $request';\nevents { }  # }\n")
    configurations.check("nginx", "/etc/nginx/nginx.conf", braces=True)
