"""Ansible for real, on a throw-away host: what is said when something goes wrong, and FlowMart's own roles."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import InvalidInput, Refused, StalePlan, Unanswered
from tasks.domain.outcome import Outcome, Progress
from tasks.domain.plan import Plan, Reversibility
from tasks.domain.platform import Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.domain.values import MASK
from tasks.engines.ansible.engine import ENGINE, FRESH
from tasks.engines.base import UnitEngine, Workspace
from tests.peers.tools import tool
from tests.platforms.workspaces import DEV, workspace
from tests.servers.hosts import SandboxHosts

TARGET = Target("first", "dev", "bastion")
INPUTS = {"hosts": {"bastion": "i-0123456789abcdef0"}}
CONFIG = "[ssh_connection]\npipelining = True\n"
NOBODY = {"ANSIBLE_SSH_ARGS": "-o Port=1 -F none", "ANSIBLE_REMOTE_USER": "root"}
"""Leads to a port on which nobody listens."""


class Bastion:
    """A unit whose playbook is given as tasks, in one environment."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder, self.variables = folder, variables
        self.inputs: dict[str, Any] = dict(INPUTS)
        self.executable = tool("ansible-playbook")
        self.time_limit = 600.0
        self.options: dict[str, Any] = {}
        self.environment = DEV
        (folder / "bastion").mkdir(parents=True)
        (folder / "ansible.cfg").write_text(CONFIG)

    @property
    def engine(self) -> UnitEngine:
        return ENGINE.make(self.workspace())

    def does(self, tasks: str, playbook: str = "playbook.yml") -> None:
        text = "- hosts: all\n  gather_facts: false\n  tasks:\n" + tasks
        (self.folder / "bastion" / playbook).write_text(text)

    def plan(self) -> Plan:
        return self.engine.plan(Inputs(self.inputs))

    def receipt(self, plan: Plan) -> Receipt:
        return Receipt("dev/1", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, {}, "")

    def rollback(self) -> Plan:
        plan = self.engine.plan_rollback(self.workspace(), None)
        assert plan
        return plan

    def workspace(self) -> Workspace:
        unit = Unit("bastion", "ansible", "bastion", ("dev",), inputs=self.inputs, time_limit=self.time_limit)
        unit = replace(unit, options=self.options)
        variables = lambda: self.variables  # noqa: E731
        return workspace(
            self.folder,
            unit,
            self.environment,
            target=TARGET,
            reading=variables,
            writing=variables,
            executable=self.executable,
        )


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHosts]:
    made = SandboxHosts(tmp_path_factory.mktemp("hosts"), "dev", "staging")
    yield made
    made.stop()


@pytest.fixture
def bastion(hosts: SandboxHosts, tmp_path: Path) -> Bastion:
    return Bastion(tmp_path / "infrastructure", hosts.variables())


def test_a_host_that_cannot_be_reached_is_no_answer(tmp_path: Path) -> None:
    bastion = Bastion(tmp_path, NOBODY)
    bastion.inputs = {"hosts": {"bastion": "127.0.0.1"}}
    bastion.does("    - {name: Ping, ansible.builtin.ping: {}}\n")
    with pytest.raises(Unanswered, match=r"hosts cannot be reached\nbastion : Ping: .*Connection refused"):
        bastion.plan()


def test_the_option_forks_reaches_ansible(bastion: Bastion, hosts: SandboxHosts) -> None:
    bastion.options = {"forks": 17}
    bastion.does(
        "    - name: Write\n      ansible.builtin.copy: {content: '{{ ansible_forks }}', dest: /srv/forks}\n"
    )
    assert bastion.engine.apply(bastion.plan()).outcome is Outcome.SUCCEEDED
    assert hosts.ssh("dev", "cat /srv/forks").stdout == "17"


def test_an_address_that_two_environments_have_leads_to_the_host_of_each(
    bastion: Bastion, hosts: SandboxHosts
) -> None:
    where = "{content: '{{ flowmart_environment }}', dest: /srv/environment, mode: '0644'}"
    bastion.does(f"    - name: Write\n      ansible.builtin.copy: {where}\n")
    for environment in ("dev", "staging"):
        bastion.environment = replace(DEV, name=environment)
        assert bastion.engine.apply(bastion.plan()).outcome is Outcome.SUCCEEDED
    found = {host: hosts.ssh(host, "cat /srv/environment").stdout for host in ("dev", "staging")}
    assert found == {"dev": "dev", "staging": "staging"}


def test_an_address_leads_where_the_configuration_of_ssh_says(
    bastion: Bastion, hosts: SandboxHosts, tmp_path: Path
) -> None:
    others = SandboxHosts(tmp_path / "others", "dev")
    where = "{content: '{{ which }}', dest: /srv/which, mode: '0644'}"
    bastion.does(f"    - name: Write\n      ansible.builtin.copy: {where}\n")
    for which, sandbox in (("one", hosts), ("two", others)):
        bastion.variables = sandbox.variables()
        bastion.inputs = {**INPUTS, "variables": {"which": which}}
        assert bastion.engine.apply(bastion.plan()).outcome is Outcome.SUCCEEDED
    found = [sandbox.ssh("dev", "cat /srv/which").stdout for sandbox in (hosts, others)]
    others.stop()
    assert found == ["one", "two"]


def test_a_host_that_is_gone_before_the_apply_is_no_failure(bastion: Bastion) -> None:
    bastion.does("    - {name: Write, ansible.builtin.copy: {content: a, dest: /srv/gone, mode: '0644'}}\n")
    plan = bastion.plan()
    bastion.variables = {**NOBODY, "ANSIBLE_SSH_COMMON_ARGS": "-o HostName=127.0.0.1"}
    applied = bastion.engine.apply(plan)
    assert (applied.outcome, applied.detail.splitlines()[0]) == (Outcome.UNANSWERED, "nothing was changed")


def test_a_plan_that_is_no_longer_fresh_is_rehearsed_again(bastion: Bastion, hosts: SandboxHosts) -> None:
    bastion.does("    - {name: Write, ansible.builtin.copy: {content: a, dest: /srv/aged, mode: '0644'}}\n")
    plan = bastion.plan()
    assert plan.artifact
    long_ago = time.time() - 2 * FRESH
    os.utime(plan.artifact.path, (long_ago, long_ago))
    hosts.ssh("dev", "echo by hand > /srv/aged")
    with pytest.raises(StalePlan, match="another rehearsal finds other changes"):
        bastion.engine.apply(plan)


def test_a_rehearsal_that_fails_is_a_no(bastion: Bastion) -> None:
    bastion.does("    - {name: Give up, ansible.builtin.fail: {msg: there is no paint}}\n")
    with pytest.raises(Refused, match=r"a rehearsal of playbook\.yml fails\nbastion : Give up: there is no paint"):
        bastion.plan()


def test_a_task_that_fails_is_told_with_host_task_and_reason(bastion: Bastion) -> None:
    bastion.does(
        "    - {name: Write, ansible.builtin.copy: {content: a, dest: /srv/failing, mode: '0644'}}\n"
        "    - {name: Break, ansible.builtin.fail: {msg: it broke}, when: not ansible_check_mode}\n"
    )
    applied = bastion.engine.apply(bastion.plan())
    assert (applied.outcome, applied.detail) == (Outcome.FAILED, "bastion : Break: it broke")


def test_what_is_not_a_playbook_is_a_no_before_any_host_is_asked(bastion: Bastion) -> None:
    bastion.variables = NOBODY
    bastion.does("    - {name: Nonsense, no.such.module: {}}\n")
    with pytest.raises(Refused, match=r"couldn't resolve module/action 'no\.such\.module'"):
        bastion.engine.validate()


def test_secrets_are_neither_in_plans_nor_left_behind(bastion: Bastion) -> None:
    bastion.inputs = {**INPUTS, "variables": {"password": "hunter2"}}
    copy = "{content: '{{ password }}', dest: /srv/secret, mode: '0600'}"
    bastion.does(f"    - name: Write\n      no_log: true\n      ansible.builtin.copy: {copy}\n")
    plan = bastion.plan()
    assert [change.address for change in plan.changes] == ["bastion : Write"]
    assert "hunter2" not in plan.text + str(plan.changes)
    assert plan.artifact
    assert plan.artifact.path.stat().st_mode & 0o777 == 0o600
    bastion.engine.apply(plan)
    assert bastion.engine.verify().outcome is Outcome.SUCCEEDED


def test_every_plan_that_changes_something_says_that_going_back_may_not_undo_it(bastion: Bastion) -> None:
    bastion.does(
        "    - {name: Write, ansible.builtin.copy: {content: a, dest: /srv/warned, mode: '0644'}}\n"
        "    - {name: Call, ansible.builtin.command: {cmd: touch /srv/called}, changed_when: true}\n"
    )
    plan = bastion.plan()
    assert plan.reversibility is Reversibility.NEEDS_CARE
    assert plan.warnings == (
        "a rollback of this first release only runs its remove.yml: how the hosts were before is not known",
    )
    assert plan.unknown == ("bastion : Call: cannot be rehearsed",)


def test_a_task_that_cannot_be_rehearsed_is_in_the_plan_and_is_run(bastion: Bastion, hosts: SandboxHosts) -> None:
    bastion.does("    - {name: Migrate, ansible.builtin.command: touch /srv/migrated}\n")
    plan = bastion.plan()
    assert (plan.changes, plan.empty) == ((), False)
    assert plan.text.splitlines()[:2] == [
        "The apply also runs what cannot be rehearsed:",
        "  bastion : Migrate: cannot be rehearsed",
    ]
    assert bastion.engine.apply(plan).outcome is Outcome.SUCCEEDED
    assert hosts.ssh("dev", "ls /srv/migrated").returncode == 0
    assert bastion.engine.verify().outcome is Outcome.SUCCEEDED


def test_what_depends_on_what_a_command_says_is_neither_drift_nor_a_difference(bastion: Bastion) -> None:
    bastion.does(
        "    - {name: Ask, ansible.builtin.command: echo blue, register: asked, changed_when: false}\n"
        "    - name: Write\n"
        "      ansible.builtin.copy: {content: '{{ asked.stdout | default() }}', dest: /srv/asked, mode: '0644'}\n"
    )
    plan = bastion.plan()
    assert plan.unknown[1] == "bastion : Write: depends on a task that cannot be rehearsed"
    assert bastion.engine.apply(plan).outcome is Outcome.SUCCEEDED
    assert bastion.engine.verify().outcome is Outcome.SUCCEEDED
    assert bastion.engine.detect_drift(bastion.receipt(plan)).empty


def test_a_play_that_matches_no_host_is_refused_with_the_groups_that_there_are(bastion: Bastion) -> None:
    (bastion.folder / "bastion/playbook.yml").write_text("- hosts: webservers\n  tasks: []\n")
    with pytest.raises(Refused, match=r"webservers'\) matches no host; the groups are all, bastion$"):
        bastion.plan()


def test_hosts_can_be_declared_by_group(bastion: Bastion) -> None:
    bastion.inputs = {"hosts": {"webservers": {"web": "i-0123456789abcdef0"}}}
    write = "{name: Write, ansible.builtin.copy: {content: a, dest: /srv/web, mode: '0644'}}"
    play = f"- hosts: webservers\n  gather_facts: false\n  tasks:\n    - {write}\n"
    (bastion.folder / "bastion/playbook.yml").write_text(play)
    plan = bastion.plan()
    assert [change.address for change in plan.changes] == ["web : Write"]
    assert (plan.outputs or {})["hosts"] == {"web": "i-0123456789abcdef0"}


def test_an_encrypted_value_is_not_shown_in_a_plan(bastion: Bastion, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("open sesame")
    bastion.variables = {**bastion.variables, "ANSIBLE_VAULT_PASSWORD_FILE": str(password)}
    argv = (tool("ansible-vault"), "encrypt_string", "hunter2hunter2", "--vault-password-file", str(password))
    encrypted = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.replace("\n", "\n  ")
    copy = "{content: 'key={{ secret }}', dest: /srv/vaulted, mode: '0600'}"
    bastion.does(f"    - name: Write\n      ansible.builtin.copy: {copy}\n")
    folder = bastion.folder / "bastion/group_vars"
    folder.mkdir()
    (folder / "all.yml").write_text(f"secret: {encrypted}\n")
    plan = bastion.plan()
    assert (plan.changes[0].after or {})["content"] == [f"key={MASK}"]


def test_values_of_several_vaults_are_hidden_whose_passwords_the_configuration_names(bastion: Bastion) -> None:
    folder = bastion.folder / "bastion"
    (folder / "ansible.cfg").write_text("[defaults]\nvault_identity_list = dev@.dev, prod@.prod\n")
    for name in ("dev", "prod"):
        (folder / f".{name}").write_text(f"password of {name}")
    (folder / "dev.yml").write_text("key: |\n  first line\n  second line\nunreadable: {}\n")
    (folder / "prod.yml").write_text("- {token: hunter2hunter2}\n")
    for name in ("dev", "prod"):
        argv = (tool("ansible-vault"), "encrypt", "--encrypt-vault-id", name, f"{name}.yml")
        subprocess.run(argv, cwd=folder, capture_output=True, check=True)
    broken = "$ANSIBLE_VAULT;1.1;AES256\n6161\n"
    (folder / "files").mkdir()
    (folder / "files/broken").write_text(broken)
    token = '{{ (lookup("file", "prod.yml") | from_yaml)[0].token }}'
    copy = f"{{content: '{{{{ key }}}}{token}', dest: /srv/vaults, mode: '0600'}}"
    bastion.does(f"    - {{name: Write, ansible.builtin.copy: {copy}}}\n")
    playbook = folder / "playbook.yml"
    playbook.write_text(playbook.read_text().replace("  tasks:", "  vars_files: [dev.yml]\n  tasks:"))
    assert (bastion.plan().changes[0].after or {})["content"] == [MASK, MASK, MASK]


NOTIFIES = (
    "    - {name: Write, ansible.builtin.copy: {content: a, dest: /srv/notifies, mode: '0644'}, notify: Restart}\n"
)
HANDLER = "  handlers:\n    - {name: Restart, ansible.builtin.command: touch /srv/restarted}\n"


def test_a_handler_that_a_failed_run_left_out_is_run_by_the_rollback(bastion: Bastion, hosts: SandboxHosts) -> None:
    bastion.does(NOTIFIES + HANDLER)
    good = bastion.plan()
    bastion.engine.apply(good)
    hosts.ssh("dev", "rm /srv/restarted")
    back = bastion.engine.plan_rollback(bastion.workspace(), bastion.receipt(good))
    assert back
    assert back.unknown == ("bastion : Restart: cannot be rehearsed",)
    assert back.warnings[1] == "all handlers run: the last run may have ended before its handlers ran"
    assert bastion.engine.apply(back).outcome is Outcome.SUCCEEDED
    assert hosts.ssh("dev", "ls /srv/restarted").returncode == 0


def test_a_handler_that_a_failed_run_left_out_is_run_by_the_next_release(
    bastion: Bastion, hosts: SandboxHosts
) -> None:
    write = NOTIFIES.replace("/srv/notifies", "/srv/lost")
    bastion.does(write + "    - {name: Break, fail: {msg: broke}, when: not ansible_check_mode}\n" + HANDLER)
    assert bastion.engine.apply(bastion.plan()).outcome is Outcome.FAILED
    hosts.ssh("dev", "rm -f /srv/restarted")
    bastion.does(write + HANDLER)
    mended = ENGINE.make(replace(bastion.workspace(), unfinished=True))
    plan = mended.plan(Inputs(bastion.inputs))
    assert (plan.changes, plan.unknown) == ((), ("bastion : Restart: cannot be rehearsed",))
    assert mended.apply(plan).outcome is Outcome.SUCCEEDED
    assert hosts.ssh("dev", "ls /srv/restarted").returncode == 0


def test_a_task_that_is_left_running_is_unknown(bastion: Bastion) -> None:
    bastion.does(
        "    - {name: Begin, shell: touch /srv/begun, async: 20, poll: 0, register: job}\n"
        "    - {name: Keep, copy: {content: '{{ job.ansible_job_id }}', dest: /srv/job}}\n"
    )
    plan = bastion.plan()
    assert plan.changes == ()
    assert plan.unknown == (
        "bastion : Begin: cannot be rehearsed",
        "bastion : Keep: depends on a task that cannot be rehearsed",
    )
    assert bastion.engine.apply(plan).outcome is Outcome.SUCCEEDED
    assert bastion.engine.verify().outcome is Outcome.SUCCEEDED


def test_of_two_tasks_with_one_name_only_the_dependent_one_is_not_compared(
    bastion: Bastion, hosts: SandboxHosts
) -> None:
    bastion.does(
        "    - {command: echo blue, register: asked, changed_when: false}\n"
        "    - copy: {content: known, dest: /srv/twin-one}\n"
        "    - copy: {content: '{{ asked.stdout | default() }}', dest: /srv/twin-two}\n"
    )
    plan = bastion.plan()
    assert bastion.engine.apply(plan).outcome is Outcome.SUCCEEDED
    hosts.ssh("dev", "echo by hand > /srv/twin-one; echo by hand > /srv/twin-two")
    drift = bastion.engine.detect_drift(bastion.receipt(plan))
    assert [(change.address, change.after) for change in drift.changes] == [
        ("bastion : copy", {"content": ["by hand"]})
    ]


def test_what_comes_after_a_task_that_fails_for_want_of_earlier_ones_is_told(bastion: Bastion) -> None:
    bastion.does(
        "    - {name: Install, command: mkdir -p /srv/package}\n"
        "    - {name: Configure, lineinfile: {path: /srv/package/app.conf, line: a, create: false}}\n"
        "    - {name: Last, copy: {content: a, dest: /srv/package/last}}\n"
    )
    told = bastion.plan().unknown
    assert told[0] == "bastion : Install: cannot be rehearsed"
    assert told[1].startswith("bastion : Configure: Destination /srv/package/app.conf does not exist")
    assert told[1].endswith("the tasks after it are not rehearsed")


def test_another_checkout_of_the_same_release_gives_the_same_plan(
    bastion: Bastion, hosts: SandboxHosts, tmp_path: Path
) -> None:
    other = Bastion(tmp_path / "elsewhere", hosts.variables())
    for each in (bastion, other):
        each.does(
            "    - {name: Ask, command: echo web, register: asked}\n"
            "    - {name: Include, include_tasks: '{{ asked.stdout | default() }}/tasks.yml'}\n"
        )
    assert bastion.plan().digest == other.plan().digest


def test_why_a_run_never_began_is_told_in_plain_text(bastion: Bastion) -> None:
    bastion.does("    - {name: Write, copy: {content: a, dest: /srv/a}, notify: Nobody}\n")
    with pytest.raises(Refused) as refused:
        bastion.plan()
    assert str(refused.value) == (
        "ansible-playbook playbook.yml of bastion in dev: [ERROR]: The requested handler 'Nobody' was not found in "
        "either the main handlers list nor in the listening handlers list"
    )


def test_after_a_rollback_of_what_was_applied_to_its_end_no_handler_is_run(bastion: Bastion) -> None:
    bastion.does(NOTIFIES + HANDLER)
    good = bastion.plan()
    bastion.engine.apply(good)
    failed = replace(bastion.workspace(), receipt=bastion.receipt(good))
    back = bastion.engine.plan_rollback(failed, bastion.receipt(good))
    assert back
    assert back.empty


def test_a_plan_that_was_never_applied_does_not_disturb_the_next_one(bastion: Bastion) -> None:
    bastion.does("    - {name: Write, ansible.builtin.copy: {content: a, dest: /srv/undisturbed, mode: '0644'}}\n")
    bastion.plan()
    engine = bastion.engine
    assert engine.apply(engine.plan(Inputs(bastion.inputs))).outcome is Outcome.SUCCEEDED


def test_after_an_apply_the_hosts_tell_how_far_it_got(bastion: Bastion) -> None:
    bastion.does("    - {name: Write, ansible.builtin.copy: {content: a, dest: /srv/observed, mode: '0644'}}\n")
    plan = bastion.plan()
    assert bastion.engine.observe(plan).progress is Progress.UNCHANGED
    bastion.engine.apply(plan)
    assert bastion.engine.observe(plan).progress is Progress.DONE


def test_without_a_removal_the_way_back_says_what_stays_and_does_nothing(bastion: Bastion) -> None:
    bastion.does("    - {name: Write, ansible.builtin.copy: {content: a, dest: /srv/stays, mode: '0644'}}\n")
    plan = bastion.rollback()
    assert plan.empty
    assert plan.warnings[0].startswith("nothing is removed: the release has no remove.yml")
    assert bastion.engine.apply(plan).outcome is Outcome.SUCCEEDED


def test_a_run_that_takes_too_long_is_ended(bastion: Bastion) -> None:
    bastion.does("    - {name: Wait, ansible.builtin.pause: {seconds: 600}}\n")
    bastion.time_limit = 8
    with pytest.raises(Unanswered, match="stopped after its time limit of 8 s"):
        bastion.plan()


def test_a_missing_ansible_is_told_with_its_remedy(bastion: Bastion) -> None:
    bastion.executable = "no-such-ansible-playbook"
    bastion.does("    []\n")
    with pytest.raises(InvalidInput, match="no-such-ansible-playbook is missing: install it with"):
        bastion.plan()


@pytest.mark.parametrize("hosts_given", [None, {}, {"bastion": ""}, {"bastion": "{networking.bastion_address}"}])
def test_hosts_that_are_not_known_are_never_made_up(bastion: Bastion, hosts_given: Any) -> None:
    bastion.inputs = {"hosts": hosts_given}
    with pytest.raises(InvalidInput, match=r"bastion: inputs\.hosts"):
        bastion.plan()


@pytest.fixture(scope="module")
def configured(hosts: SandboxHosts, project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bastion, Plan]:
    """FlowMart's bastion, configured once, and the plan of that."""
    infrastructure = tmp_path_factory.mktemp("flowmart") / "infrastructure"
    made = Bastion(infrastructure, hosts.variables())
    shutil.rmtree(infrastructure)
    shutil.copytree(project / "infrastructure" / "ansible", infrastructure)
    plan = made.plan()
    assert plan.changes
    applied = made.engine.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    return made, plan


@pytest.fixture
def flowmart(configured: tuple[Bastion, Plan]) -> Bastion:
    return configured[0]


def test_a_second_run_of_flowmarts_roles_changes_nothing(flowmart: Bastion) -> None:
    assert flowmart.engine.verify().outcome is Outcome.SUCCEEDED
    assert flowmart.plan().empty


def test_what_somebody_changed_on_a_bastion_is_drift(configured: tuple[Bastion, Plan], hosts: SandboxHosts) -> None:
    flowmart, first = configured
    hosts.ssh("dev", "echo 'PermitRootLogin yes' > /etc/ssh/sshd_config.d/10-flowmart.conf")
    found = flowmart.engine.detect_drift(flowmart.receipt(first))
    assert [change.address for change in found.changes] == ["bastion : hardening : Configure sshd"]
    assert (found.changes[0].after or {})["content"] == ["PermitRootLogin yes"]
    flowmart.engine.apply(flowmart.plan())
    assert "PermitRootLogin no" in hosts.ssh("dev", "cat /etc/ssh/sshd_config.d/10-flowmart.conf").stdout


def test_the_real_machine_has_nothing_of_it(flowmart: Bastion) -> None:
    for path in ("/etc/ssh/sshd_config.d/10-flowmart.conf", "/etc/sysctl.d/90-flowmart.conf"):
        assert not Path(path).exists()


def test_a_configured_bastion_lets_us_in_and_one_that_does_not_is_told(
    flowmart: Bastion, project: Path, hosts: SandboxHosts
) -> None:
    program = project / "infrastructure" / "scripts" / "smoke" / "hosts_let_us_in.py"

    def asked(variables: Mapping[str, str], address: str) -> tuple[int, str]:
        argv = (sys.executable, str(program), "dev", address)
        done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, **variables}, timeout=60)
        return done.returncode, done.stdout.strip()

    assert asked(hosts.variables(), "i-0123456789abcdef0") == (0, "i-0123456789abcdef0: let us in")
    assert asked(NOBODY, "127.0.0.1")[0] == 2
    key = f"{hosts.variables()['ANSIBLE_SSH_ARGS']} -o PreferredAuthentications=password"
    code, said = asked(
        {**hosts.variables(), "ANSIBLE_SSH_ARGS": key.replace("-F", "-o PubkeyAuthentication=no -F")}, "h"
    )
    assert (code, "Permission denied" in said) == (1, True)


def test_the_first_release_can_be_taken_back(configured: tuple[Bastion, Plan], hosts: SandboxHosts) -> None:
    flowmart, first = configured
    plan = flowmart.rollback()
    # Else the core would leave it to a person.
    assert plan.removed_beyond(first.created) == ()
    removed = {change.action.value for change in plan.changes if "Remove files" in change.address}
    assert removed == {"delete"}
    assert flowmart.engine.apply(plan).outcome is Outcome.SUCCEEDED
    left = hosts.ssh("dev", "ls /etc/ssh/sshd_config.d /etc/sysctl.d /etc/rsyslog.d").stdout
    assert "flowmart" not in left
