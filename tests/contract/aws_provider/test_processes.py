"""How terraform gets its provider process: warm or cold, several at a time, and never one that outlives it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from deployments.sandbox.aws_provider.install import install
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
    for number in range(4):
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
    root.variables |= {"TF_LOG_PROVIDER": "OFF", "ODD": 'quote " newline \n backslash \\ umlaut ü clef 𝄞'}
    root.write(HCL).initialised().apply()


def test_the_provider_ends_with_terraform(root: Root, warm_server: Path) -> None:
    [server] = [p for p in psutil.process_iter(["cmdline"]) if str(warm_server) in (p.info["cmdline"] or [])]
    before = {child.pid for child in server.children()}
    root.write(HCL).initialised().apply()
    assert {child.pid for child in server.children()} <= before


def test_a_provider_whose_terraform_was_killed_ends_too(root: Root, warm_server: Path) -> None:
    [server] = [p for p in psutil.process_iter(["cmdline"]) if str(warm_server) in (p.info["cmdline"] or [])]
    # Waits for an answer that is not "yes", with its provider still running.
    root.write(HCL).initialised()
    terraform = subprocess.Popen(
        ["terraform", "console"], cwd=root.folder, env=root.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert terraform.stdin
    assert terraform.stdout
    terraform.stdin.write(b"provider::aws::arn_parse\n")
    terraform.stdin.flush()
    children = psutil.Process(terraform.pid).children(recursive=True)
    terraform.send_signal(signal.SIGKILL)
    terraform.wait()
    gone, alive = psutil.wait_procs([*children, *server.children()], timeout=30)
    assert alive == []
