"""Playbooks as others write them, on a throw-away host: values that come from elsewhere, and questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.outcome import Outcome
from tasks.domain.values import digest_of
from tests.contract.test_ansible_engine import INPUTS, Bastion
from tests.servers.hosts import SandboxHosts


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHosts]:
    made = SandboxHosts(tmp_path_factory.mktemp("hosts"), "dev")
    yield made
    made.stop()


@pytest.fixture
def bastion(hosts: SandboxHosts, tmp_path: Path) -> Bastion:
    return Bastion(tmp_path / "infrastructure", hosts.variables())


@pytest.mark.parametrize(
    "text",
    ["{{ said.stdout }}", "{{ version }}", "{{ hostvars[groups['all'][0]].said.stdout }}"],
    ids=["registered once for all", "through a variable of all", "through another host"],
)
def test_what_a_command_says_is_not_compared_however_a_task_gets_it(bastion: Bastion, text: str) -> None:
    bastion.inputs = {"hosts": {"one": "10.0.0.1", "two": "10.0.0.2"}}
    (bastion.folder / "bastion/group_vars").mkdir()
    (bastion.folder / "bastion/group_vars/all.yml").write_text("version: '{{ said.stdout }}'\n")
    dest = "/srv/{{ inventory_hostname }}-" + digest_of(text)[:8]
    bastion.does(
        "    - {name: Ask, ansible.builtin.command: echo hello, register: said, run_once: true}\n"
        "    - {name: Check, ansible.builtin.assert: {that: said.stdout == 'hello'}}\n"
        f'    - {{name: Write, ansible.builtin.copy: {{content: "{text}", dest: "{dest}", mode: \'0644\'}}}}\n'
    )
    plan = bastion.plan()
    assert plan.changes == ()
    assert bastion.engine.apply(plan).outcome is Outcome.SUCCEEDED
    assert bastion.engine.detect_drift(bastion.receipt(plan)).changes == ()


def test_a_value_that_a_play_asks_for_has_to_be_given(bastion: Bastion) -> None:
    asks = "[{name: password, prompt: Password}, {name: colour, prompt: Colour, default: red}]"
    does = "[{name: Show, ansible.builtin.copy: {content: '{{ password }} {{ colour }}', dest: /srv/asked}}]"
    play = f"- {{hosts: all, gather_facts: false, vars_prompt: {asks}, tasks: {does}}}\n"
    (bastion.folder / "bastion/playbook.yml").write_text(play)
    with pytest.raises(Refused, match=r"asks for password \(vars_prompt\): give it in inputs.variables"):
        bastion.plan()
    bastion.inputs = {**INPUTS, "variables": {"password": "given"}}
    assert bastion.plan().changes[0].after == {"content": ["given red"]}


def test_a_name_that_ansible_would_take_for_a_range_of_hosts_is_refused(bastion: Bastion) -> None:
    bastion.inputs = {"hosts": {"web[1:3]": "10.0.0.1"}}
    with pytest.raises(InvalidInput, match=r"inputs.hosts.web\[1:3\]: Ansible takes \[ for a range"):
        bastion.plan()


def test_a_module_that_no_collection_has_is_told_with_its_place_in_the_release(bastion: Bastion) -> None:
    bastion.does("    - {name: Open, seport: {ports: 80}}\n")
    with pytest.raises(Refused, match=r"resolve module/action 'seport'[\s\S]*Origin: bastion/playbook\.yml:4"):
        bastion.plan()


def test_a_rescued_failure_is_shown_as_what_it_is(bastion: Bastion) -> None:
    block = (
        "    - block:\n"
        "        - {name: Try, ansible.builtin.command: /bin/false}\n"
        "        - {name: Then, ansible.builtin.copy: {content: a, dest: /srv/then, mode: '0644'}}\n"
        "      rescue:\n"
        "        - {name: Rescue, ansible.builtin.copy: {content: b, dest: /srv/rescued, mode: '0644'}}\n"
    )
    bastion.does(block)
    plan = bastion.plan()
    assert plan.changes == ()
    assert plan.unknown == (
        "bastion : Try: cannot be rehearsed",
        "bastion : Then: depends on a task that cannot be rehearsed",
    )
    assert bastion.engine.apply(plan).outcome is Outcome.SUCCEEDED
    assert bastion.engine.detect_drift(bastion.receipt(plan)).changes == ()


def test_a_playbook_may_have_plays_for_systems_that_no_host_has(bastion: Bastion) -> None:
    grouped = "{hosts: all, gather_facts: false, tasks: [{group_by: {key: 'os_{{ os | default(\"Debian\") }}'}}]}"
    write = "[{copy: {content: a, dest: /srv/grouped, mode: '0644'}}]"
    plays = [f"{{hosts: os_{name}, gather_facts: false, tasks: {write}}}" for name in ("Debian", "RedHat")]
    (bastion.folder / "bastion/playbook.yml").write_text("".join(f"- {play}\n" for play in (grouped, *plays)))
    assert [change.address for change in bastion.plan().changes] == ["bastion : copy"]


def test_a_play_whose_hosts_only_an_apply_finds_is_in_the_plan_and_runs(
    bastion: Bastion, hosts: SandboxHosts
) -> None:
    add = "{add_host: {name: bastion, groups: found}, when: said.stdout | default() == 'primary'}"
    ask = f"{{hosts: all, gather_facts: false, tasks: [{{command: echo primary, register: said}}, {add}]}}"
    write = "{copy: {content: a, dest: /srv/found, mode: '0644'}}"
    plays = (ask, *(f"{{hosts: {group}, gather_facts: false, tasks: [{write}]}}" for group in ("found", "never")))
    (bastion.folder / "bastion/playbook.yml").write_text("".join(f"- {play}\n" for play in plays))
    plan = bastion.plan()
    assert plan.changes == ()
    assert plan.unknown[-2:] == (
        "play found (hosts: 'found') matched no host; it may match one when applied",
        "play never (hosts: 'never') matched no host; it may match one when applied",
    )
    done = bastion.engine.apply(plan)
    assert done.outcome is Outcome.SUCCEEDED, done.detail
    assert hosts.ssh("dev", "cat /srv/found").stdout == "a"
    assert bastion.engine.detect_drift(bastion.receipt(plan)).changes == ()


def test_a_task_that_is_never_out_of_check_mode_is_no_change(bastion: Bastion, hosts: SandboxHosts) -> None:
    bastion.does(
        "    - {name: Ask, copy: {content: a, dest: /srv/only-asked}, check_mode: true, register: asked}\n"
        "    - block:\n"
        "        - {name: Ask again, copy: {content: a, dest: /srv/only-asked}}\n"
        "      check_mode: true\n"
        "    - {name: Write, copy: {content: a, dest: /srv/answered, mode: '0644'}, when: asked is changed}\n"
    )
    plan = bastion.plan()
    assert [change.address for change in plan.changes] == ["bastion : Write"]
    assert bastion.engine.apply(plan).outcome is Outcome.SUCCEEDED
    assert hosts.ssh("dev", "ls /srv/only-asked").returncode != 0
    assert bastion.engine.verify().outcome is Outcome.SUCCEEDED
