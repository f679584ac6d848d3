"""Inventories as people have them, read by the real Ansible: files, folders, groups, plugins, and mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Refused, StalePlan, Unanswered
from tasks.domain.outcome import Outcome
from tasks.domain.platform import Unit
from tasks.domain.release import Inputs, Target
from tasks.engines.ansible.engine import Ansible
from tasks.engines.ansible.sources import faults, unit_reads
from tests.peers.tools import tool
from tests.platforms.workspaces import workspace
from tests.servers.hosts import SandboxHosts

INI = """
web-1 ansible_host=10.0.0.1
web-2 ansible_host=10.0.0.2

[web]
web-1
web-2

[db]
db-1 ansible_host=10.0.0.3

[shop:children]
web
db

[all:vars]
colour=blue
"""
SITE = """
- hosts: web
  gather_facts: false
  tasks:
    - name: Say who
      ansible.builtin.copy:
        content: "{{ colour }} {{ size }} {{ flowmart_environment }}"
        dest: "/srv/{{ inventory_hostname }}"
        mode: "0644"
"""


YAML = "all:\n  children:\n    web:\n      hosts:\n        web-1: {ansible_host: 10.0.0.1}\n"
MADE = """
plugin: ansible.builtin.generator
hosts: {name: "web-{{ n }}", parents: [{name: web}]}
layers: {n: [1, 2]}
"""


class Shop:
    """A repository of Ansible's in the usual shape: site.yml, inventories/ENVIRONMENT with their group_vars."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self.folder, self.variables = folder, variables or {}
        self.options: dict[str, Any] = {"playbook": "site.yml", "inventory": "inventories/dev/hosts.ini"}
        self.inputs: dict[str, Any] = {}
        self.has("site.yml", SITE)
        self.has("inventories/dev/hosts.ini", INI)
        self.has("inventories/dev/group_vars/web.yml", "size: small\n")
        self.has("inventories/production/hosts.ini", INI.replace("blue", "red"))

    def has(self, name: str, text: str) -> None:
        """A file of the folder."""
        file = self.folder / "ansible" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    @property
    def unit(self) -> Unit:
        return Unit("shop", "ansible", "ansible", ("dev",), inputs=self.inputs, options=self.options, time_limit=120)

    @property
    def engine(self) -> Ansible:
        return Ansible(
            workspace(
                self.folder,
                self.unit,
                target=Target("first", "dev", "shop"),
                reading=lambda: self.variables,
                writing=lambda: self.variables,
                executable=tool("ansible-playbook"),
            )
        )


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "infrastructure")


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHosts]:
    made = SandboxHosts(tmp_path_factory.mktemp("hosts"), "dev")
    yield made
    made.stop()


def test_a_playbook_runs_on_the_hosts_of_an_inventory_with_its_variables(tmp_path: Path, hosts: SandboxHosts) -> None:
    shop = Shop(tmp_path / "infrastructure", hosts.variables())
    plan = shop.engine.plan(Inputs({}))
    assert {change.address.split(" : ")[0] for change in plan.changes} == {"web-1", "web-2"}
    done = shop.engine.apply(plan)
    assert done.outcome is Outcome.SUCCEEDED, done.detail
    assert done.outputs == {
        "hosts": {"web-1": "10.0.0.1", "web-2": "10.0.0.2", "db-1": "10.0.0.3"},
        "addresses": "10.0.0.1,10.0.0.2,10.0.0.3",
    }
    assert hosts.ssh("dev", "cat /srv/web-1").stdout == "blue small dev"
    assert shop.engine.verify().outcome is Outcome.SUCCEEDED


def test_hosts_that_the_inventory_did_not_have_when_it_was_planned_are_not_touched(
    tmp_path: Path, hosts: SandboxHosts
) -> None:
    shop = Shop(tmp_path / "infrastructure", hosts.variables())
    shop.has("site.yml", SITE.replace("/srv/", "/srv/later-"))
    plan = shop.engine.plan(Inputs({}))
    shop.has("inventories/dev/hosts.ini", INI.replace("[db]", "web-3 ansible_host=10.0.0.4\n\n[db]"))
    with pytest.raises(StalePlan, match=r"other hosts than were planned \(web-3\); plan again"):
        shop.engine.apply(plan)
    assert hosts.ssh("dev", "ls /srv/later-web-1").returncode != 0


def test_a_limit_leaves_hosts_and_plays_out(tmp_path: Path, hosts: SandboxHosts) -> None:
    shop = Shop(tmp_path / "infrastructure", hosts.variables())
    shop.has("site.yml", SITE.replace("/srv/", "/srv/limited-") + SITE.replace("hosts: web", "hosts: db"))
    shop.options["limit"] = "web-2"
    plan = shop.engine.plan(Inputs({}))
    assert [change.address.split(" : ")[0] for change in plan.changes] == ["web-2"]


def test_two_units_may_have_one_folder_and_a_playbook_each(tmp_path: Path, hosts: SandboxHosts) -> None:
    shop = Shop(tmp_path / "infrastructure", hosts.variables())
    shop.has("db.yml", SITE.replace("hosts: web", "hosts: db").replace("{{ size }} ", ""))
    first = shop.engine.plan(Inputs({}))
    shop.options["playbook"] = "db.yml"
    second = shop.engine.plan(Inputs({}))
    assert first.artifact
    assert second.artifact
    assert first.artifact.path != second.artifact.path


@pytest.mark.parametrize(
    ("inventory", "text"),
    [
        ("inventories/dev", None),
        ("inventories/dev/hosts.yml", YAML),
        ("inventories/dev/hosts", "[web]\nweb-[1:3].example\n"),
        ("inventories/dev/generator.yml", MADE),
    ],
)
def test_inventories_of_every_kind_are_read(shop: Shop, inventory: str, text: str | None) -> None:
    shop.options["inventory"] = inventory
    if text:
        shop.has(inventory, text)
    found = shop.engine._listed("")
    assert {"web-1", "web-1.example"} & found.hosts.keys()
    assert {*found.groups["web"]} <= found.hosts.keys()


def test_several_inventories_add_up_and_the_last_wins(shop: Shop) -> None:
    shop.has("inventories/more.ini", "web-1 ansible_host=10.9.9.9\nextra\n")
    shop.options["inventory"] = ["inventories/dev/hosts.ini", "inventories/more.ini"]
    found = shop.engine._listed("").hosts
    assert (found["web-1"], found["web-2"], found["extra"]) == ("10.9.9.9", "10.0.0.2", "extra")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[web\nweb-1\n", r"shop in dev: inventory: .*[Ff]ailed to parse"),
        ("", "there is no host in it"),
        ("plugin: amazon.aws.aws_ec2\n", "ansible-galaxy collection install amazon.aws:VERSION -p collections"),
        ("plugin: example.nowhere.hosts\n", "vendor it: ansible-galaxy collection install example.nowhere:VERSION"),
    ],
)
def test_an_inventory_that_cannot_be_used_is_refused(shop: Shop, text: str, said: str) -> None:
    name = "inventories/dev/aws_ec2.yml" if text.startswith("plugin") else "inventories/dev/hosts.ini"
    shop.has(name, text)
    shop.options["inventory"] = name
    with pytest.raises(Refused, match=said):
        shop.engine.plan(Inputs({}))


def test_a_folder_named_like_a_status_is_no_missing_response(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "build-429" / "timeout-service" / "infrastructure")
    shop.has("inventories/dev/hosts.ini", "[web\nweb-1\n")
    with pytest.raises(Refused, match=r"[Ff]ailed to parse.*/build-429/"):
        shop.engine.plan(Inputs({}))


SILENT = """
import sys
sys.exit("HTTPSConnectionPool(host='ec2.example'): Max retries exceeded: Connection refused")
"""


def test_a_source_of_hosts_that_does_not_answer_is_no_answer(shop: Shop) -> None:
    shop.has("inventories/dev/asked.py", f"#!{tool('python')}\n{SILENT}")
    (shop.folder / "ansible" / "inventories" / "dev" / "asked.py").chmod(0o755)
    shop.options["inventory"] = "inventories/dev/asked.py"
    with pytest.raises(Unanswered, match="Connection refused"):
        shop.engine.plan(Inputs({}))


# --- what a release makes of it ---


def test_a_unit_reads_the_inventory_and_the_variables_beside_it(shop: Shop) -> None:
    assert unit_reads(shop.folder, shop.unit) == (
        "ansible/inventories/dev/group_vars/web.yml",
        "ansible/inventories/dev/hosts.ini",
    )


@pytest.mark.parametrize(
    ("options", "inputs", "said"),
    [
        ({"playbook": "shop.yml"}, {}, "there is no shop.yml in it; ansible.playbook names another one of site.yml"),
        (
            {"inventory": "inventories/qa"},
            {},
            "there is no ansible/inventories/qa; it is a path from",
        ),
        ({"inventory": "../../elsewhere"}, {}, "elsewhere leads out of infrastructure/"),
        ({}, {"hosts": {"a": "10.0.0.1"}}, "hosts are given twice, by inputs.hosts and by ansible.inventory"),
        ({"inventory": []}, {}, "no hosts: name them in inputs.hosts"),
    ],
)
def test_what_is_wrong_is_said_when_the_release_is_made(
    shop: Shop, options: dict[str, Any], inputs: dict[str, Any], said: str
) -> None:
    shop.options |= options
    shop.inputs = inputs
    assert [fault for fault in faults(shop.folder, shop.unit) if said in fault]


def test_nothing_is_wrong_with_the_usual_shape(shop: Shop) -> None:
    assert list(faults(shop.folder, shop.unit)) == []
