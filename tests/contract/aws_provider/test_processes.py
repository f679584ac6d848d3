"""How terraform gets its provider process: warm or cold, several at a time, and never one that outlives it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from deployments.sandbox.aws_provider.install import install
from tasks.domain.errors import InvalidInput, Unanswered
from tests.contract.aws_provider.world import Root, World

HCL = 'resource "aws_vpc" "this" {\n  cidr_block = "10.0.0.0/16"\n}\n'


def test_without_a_server_the_provider_starts_by_itself(moto: str, accounts: Iterator[str], tmp_path: Path) -> None:
    cold = World(moto, install(tmp_path / "mirror", None))
    (tmp_path / "root").mkdir()
    root = Root(cold, tmp_path / "root", next(accounts)).write(HCL).initialised()
    root.apply()
    root.run("plan", "-detailed-exitcode")


def test_a_server_that_is_gone_is_done_without(moto: str, accounts: Iterator[str], tmp_path: Path) -> None:
    nobody = World(moto, install(tmp_path / "mirror", tmp_path / "nobody-listens"))
    (tmp_path / "root").mkdir()
    Root(nobody, tmp_path / "root", next(accounts)).write(HCL).initialised().apply()


def test_one_server_serves_many_accounts_at_a_time(world: World, accounts: Iterator[str], tmp_path: Path) -> None:
    roots = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        tagged = 'provider "aws" {\n  default_tags {\n    tags = { Number = "%d" }\n  }\n}\n' % number
        roots.append(Root(world, folder, next(accounts)).write(HCL, tagged).initialised())
    with ThreadPoolExecutor(len(roots)) as pool:
        list(pool.map(Root.apply, roots))
    for number, root in enumerate(roots):
        arn = root.state["aws_vpc.this"]["arn"]
        assert f":{root.account}:" in arn
        assert root.state["aws_vpc.this"]["tags_all"] == {"Number": str(number)}


def test_terraform_may_be_told_to_do_without_tls(root: Root) -> None:
    root.variables["TF_DISABLE_PLUGIN_TLS"] = "1"
    root.write(HCL).initialised().apply()


def test_an_environment_of_any_bytes_is_passed_on(root: Root) -> None:
    root.variables["ODD"] = 'quote " newline \n backslash \\ umlaut ü clef 𝄞'
    root.write(HCL).initialised().apply()


@pytest.fixture
def server(warm_server: Path) -> psutil.Process:
    """The warm server's process."""
    found = [p for p in psutil.process_iter(["cmdline", "ppid"]) if str(warm_server) in (p.info["cmdline"] or [])]
    # Its children look just like it, and may be gone by now.
    [first] = [process for process in found if process.info["ppid"] not in {other.pid for other in found}]
    return first


@pytest.fixture
def launched(world: World) -> Iterator[subprocess.Popen[bytes]]:
    """A provider, started as terraform starts it."""
    binary = world.cli_config.with_name("terraform-provider-aws")
    process = subprocess.Popen([binary], stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"]})
    yield process
    process.kill()
    process.wait()


def test_the_provider_names_its_protocol_and_its_socket(launched: subprocess.Popen[bytes]) -> None:
    assert launched.stdout
    core, protocol, network, path, kind, _ = launched.stdout.readline().decode().split("|")
    assert (core, protocol, network, kind) == ("1", "6", "unix", "grpc")
    assert Path(path).is_socket()
    assert Path(path).parent.stat().st_mode & 0o077 == 0


def test_a_provider_ends_when_its_launcher_is_killed(
    launched: subprocess.Popen[bytes], server: psutil.Process
) -> None:
    assert launched.stdout
    socket = Path(launched.stdout.readline().decode().split("|")[3])
    children = server.children()
    assert children
    launched.kill()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
    assert not socket.parent.exists()


def test_the_provider_ends_with_terraform(root: Root, server: psutil.Process) -> None:
    root.write(HCL).initialised().apply()
    _, alive = psutil.wait_procs(server.children(), timeout=30)
    assert alive == []


def test_started_by_a_person_it_says_what_it_is() -> None:
    command = [sys.executable, "-m", "deployments.sandbox.aws_provider.plugin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "This is a Terraform provider" in done.stderr


def test_a_socket_path_that_is_too_long_is_an_error_that_says_so(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "deployments.sandbox.aws_provider.serve",
        "--socket",
        str(tmp_path / ("a" * 108)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Choose a shorter --socket" in done.stderr


# --- what install lays out ---------------------------------------------------------------------------------------


def test_installing_again_changes_no_checksum(moto: str, accounts: Iterator[str], tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    world = World(moto, install(tmp_path / "mirror", None))
    root = Root(world, tmp_path / "root", next(accounts)).write(HCL).initialised()
    lock = (root.folder / ".terraform.lock.hcl").read_text()
    install(tmp_path / "mirror", tmp_path / "another-socket")
    shutil.rmtree(root.folder / ".terraform")
    root.run("init", "-lockfile=readonly")
    assert (root.folder / ".terraform.lock.hcl").read_text() == lock


def test_the_real_provider_comes_from_a_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = tmp_path / "real" / "registry.terraform.io" / "hashicorp" / "aws"
    provider.mkdir(parents=True)
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER", "real")
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER_MIRROR", str(tmp_path / "real"))
    assert f'path = "{tmp_path / "real"}"' in install(tmp_path / "mirror", None).read_text()


def test_a_mirror_without_the_real_provider_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER", "real")
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER_MIRROR", str(tmp_path))
    with pytest.raises(InvalidInput, match=r"there is no registry\.terraform\.io/hashicorp/aws in it"):
        install(tmp_path / "mirror", None)


@pytest.mark.parametrize("name", ["5.31.0/linux_amd64/it", "terraform-provider-aws_5.31.0_linux_amd64.zip"])
def test_a_real_provider_that_would_call_the_real_aws_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    provided = tmp_path / "real" / "registry.terraform.io" / "hashicorp" / "aws" / name
    provided.parent.mkdir(parents=True)
    provided.touch()
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER", "real")
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER_MIRROR", str(tmp_path / "real"))
    with pytest.raises(InvalidInput, match=r"hashicorp/aws 5\.31\.0 would call the real AWS"):
        install(tmp_path / "mirror", None)


def test_a_lock_file_of_a_real_provider_that_would_call_the_real_aws_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER", "real")
    with pytest.raises(InvalidInput, match=r"hashicorp/aws 5\.31\.0 would call the real AWS"):
        install(tmp_path / "mirror", None, ["6.62.0", "5.31.0"])


def test_a_registry_that_cannot_be_reached_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER", "real")
    monkeypatch.delenv("FLOWMART_SANDBOX_PROVIDER_MIRROR", raising=False)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with pytest.raises(Unanswered, match="cannot be reached"):
        install(tmp_path / "mirror", None)


def test_any_other_choice_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_SANDBOX_PROVIDER", "fake")
    with pytest.raises(InvalidInput, match="set it to 'emulated'"):
        install(tmp_path / "mirror", None)
