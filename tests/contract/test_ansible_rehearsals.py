"""What a rehearsal did not reach, or did for real: the plan says so. On throw-away hosts, with the real Ansible."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.domain.errors import Refused, Unequipped
from tasks.domain.outcome import Outcome
from tests.contract.test_ansible_engine import Bastion
from tests.servers.hosts import SandboxHosts

TWO = {"hosts": {"one": "10.0.0.1", "two": "10.0.0.2"}}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHosts]:
    made = SandboxHosts(tmp_path_factory.mktemp("hosts"), "dev")
    yield made
    made.stop()


@pytest.fixture
def bastion(hosts: SandboxHosts, tmp_path: Path) -> Bastion:
    return Bastion(tmp_path / "infrastructure", hosts.variables())


def written(name: str) -> str:
    """A play whose second task fails in a rehearsal, since the first one did not write a file for it."""
    file = f"/srv/{name}-{{{{ inventory_hostname }}}}"
    return (
        f"    - {{name: Write, copy: {{content: a, dest: '{file}', mode: '0644'}}}}\n"
        f"    - {{name: Read, slurp: {{src: '{file}'}}}}\n"
    )


def test_hosts_and_plays_that_a_failure_kept_from_a_rehearsal_are_in_the_plan(bastion: Bastion) -> None:
    bastion.inputs = TWO
    bastion.does(written("turns"))
    playbook = bastion.folder / "bastion/playbook.yml"
    later = "- name: later\n  hosts: two\n  gather_facts: false\n  tasks: [{debug: {msg: hello}}]\n"
    playbook.write_text(playbook.read_text().replace("- hosts: all\n", "- hosts: all\n  serial: 1\n") + later)
    plan = bastion.plan()
    assert [change.address for change in plan.changes] == ["one : Write"]
    assert plan.unknown[1:] == (
        "play all (hosts: 'all') on two: is not rehearsed; the failure ends the rehearsal",
        "play later (hosts: 'two'): is not rehearsed; the failure ends the rehearsal",
    )
    assert bastion.engine.apply(plan).outcome is Outcome.SUCCEEDED
    assert bastion.plan().empty


@pytest.mark.parametrize("ends", ["any_errors_fatal: true", "max_fail_percentage: 0"])
def test_hosts_that_the_failure_of_another_one_keeps_from_a_rehearsal_are_in_the_plan(
    bastion: Bastion, ends: str
) -> None:
    bastion.inputs = TWO
    tasks = written(ends[:3]).replace("slurp: {", "when: inventory_hostname == 'one', slurp: {")
    bastion.does(tasks + "    - {name: After, copy: {content: a, dest: /srv/after, mode: '0644'}}\n")
    playbook = bastion.folder / "bastion/playbook.yml"
    playbook.write_text(playbook.read_text().replace("- hosts: all\n", f"- hosts: all\n  {ends}\n"))
    told = "play all (hosts: 'all') on two: is not rehearsed to its end; the failure ends the rehearsal"
    assert bastion.plan().unknown[1:] == (told,)


def test_a_task_that_check_mode_does_not_hold_back_is_in_the_plan_and_in_reports_of_drift(bastion: Bastion) -> None:
    bastion.does(
        "    - {name: Run, command: touch /srv/really-ran, check_mode: false}\n"
        "    - {name: Ask, command: /bin/true, check_mode: false, changed_when: false}\n"
    )
    plan = bastion.plan()
    told = "bastion : Run: ran in this rehearsal, too, and changed something (check_mode: false)"
    assert told in plan.warnings
    assert not [warning for warning in plan.warnings if "Ask" in warning]
    assert bastion.engine.detect_drift(bastion.receipt(plan)).warnings == (told,)


def test_a_delegated_task_is_told_with_the_host_that_it_changes(bastion: Bastion) -> None:
    bastion.inputs = TWO
    write = "copy: {content: a, dest: '/srv/delegated-{{ inventory_hostname }}', mode: '0644'}"
    read = "slurp: {src: /srv/missing}"
    bastion.does(
        f"    - {{name: Write, {write}, delegate_to: two}}\n"
        "    - {name: Ask, command: echo a, delegate_to: '{{ groups.all[0] }}', run_once: true}\n"
        f"    - {{name: Read, {read}, delegate_to: two, ignore_errors: true, when: inventory_hostname == 'one'}}\n"
    )
    plan = bastion.plan()
    assert [change.address for change in plan.changes] == ["one -> two : Write", "two : Write"]
    assert {change.thing for change in plan.changes} == {"two: /srv/delegated-one", "two: /srv/delegated-two"}
    assert plan.unknown == (
        "one : Ask: cannot be rehearsed",
        "one -> two : Read: fails, and the play goes on; earlier changes are not made in a rehearsal",
    )


SECRETS = "$ANSIBLE_VAULT;1.1;AES256\n" + "61" * 40 + "\n"
"""No password decrypts it."""


def test_a_machine_without_the_password_of_a_vault_says_nothing_about_the_release(bastion: Bastion) -> None:
    bastion.does(
        "    - {name: Write, copy: {content: a, dest: /srv/before-a-vault, mode: '0644'}}\n"
        "    - {name: Use, copy: {content: '{{ token }}', dest: /srv/vault, mode: '0644'}}\n"
    )
    folder = bastion.folder / "bastion/group_vars"
    folder.mkdir()
    (folder / "all.yml").write_text("token: !vault |\n  " + SECRETS.replace("\n", "\n  ") + "\n")
    with pytest.raises(Unequipped, match=r"this machine has no password .* ANSIBLE_VAULT_PASSWORD_FILE or"):
        bastion.plan()
    (folder / "all.yml").write_text(SECRETS)
    with pytest.raises(Unequipped, match=r"this machine has no password .*no vault secrets found"):
        bastion.plan()


def test_a_program_that_explains_its_failure_on_standard_output_is_quoted(bastion: Bastion) -> None:
    bastion.does("    - {name: Check, shell: 'echo error in line 3; exit 1', check_mode: false}\n")
    with pytest.raises(Refused, match=r"bastion : Check: non-zero return code\n    error in line 3"):
        bastion.plan()


def test_a_pause_that_waits_for_a_person_does_not_and_the_plan_says_so(bastion: Bastion) -> None:
    bastion.does(
        "    - {name: Confirm, pause: {prompt: Continue}}\n"
        "    - {name: Breathe, pause: {seconds: 1}}\n"
        "    - {name: Write, copy: {content: a, dest: /srv/confirmed, mode: '0644'}}\n"
    )
    told = [warning for warning in bastion.plan().warnings if "wait for a person" in warning]
    assert told == [
        "bastion : Confirm: does not wait for a person, because runs are unattended; require an approval instead"
    ]
