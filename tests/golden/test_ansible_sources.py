"""Which files a unit of Ansible's reads: FlowMart's own, and what roles may name each other by."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.engines.ansible.sources import configuration, reads

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_the_bastion_reads_its_folder_the_configuration_and_its_roles() -> None:
    found = reads(INFRASTRUCTURE, "ansible/bastion")
    assert {"ansible/ansible.cfg", "ansible/bastion/playbook.yml", "ansible/bastion/remove.yml"} <= set(found)
    assert {path.split("/")[2] for path in found if "/roles/" in path} == {
        "hardening",
        "time",
        "node_exporter",
        "log_shipper",
    }
    assert "ansible/image.yml" not in found


@pytest.mark.parametrize(
    "playbook",
    [
        "- hosts: all\n  roles: [used]",
        "- hosts: all\n  roles: [{role: used}]",
        "- hosts: all\n  tasks: [{ansible.builtin.include_role: {name: used}}]",
        "- hosts: all\n  tasks: [{block: [{import_role: {name: used}}]}]",
    ],
)
def test_a_role_is_read_however_it_is_named_and_what_it_depends_on(tmp_path: Path, playbook: str) -> None:
    config = "[defaults]\nroles_path = roles"
    files = {
        "ansible/ansible.cfg": config,
        "ansible/web/playbook.yml": playbook,
        "ansible/roles/used/meta/main.yml": "dependencies: [{role: base}]",
        "ansible/roles/base/tasks/main.yml": "- debug: {msg: !unsafe '{{ x }}'}",
        "ansible/roles/other/tasks/main.yml": "[]",
    }
    assert reads(write(tmp_path, files), "ansible/web") == (
        "ansible/ansible.cfg",
        "ansible/roles/base/tasks/main.yml",
        "ansible/roles/used/meta/main.yml",
        "ansible/web/playbook.yml",
    )


def test_a_role_that_is_only_known_at_run_time_counts_for_all(tmp_path: Path) -> None:
    playbook = "- hosts: all\n  tasks: [{include_role: {name: '{{ which }}'}}]"
    files = {"web/playbook.yml": playbook, "web/roles/a/tasks/main.yml": "", "web/roles/b/tasks/main.yml": ""}
    assert len(reads(write(tmp_path, files), "web")) == 3


COLLECTION = "ansible_collections/acme/shop"


@pytest.mark.parametrize(
    ("config", "place"),
    [("", "web/collections"), ("[defaults]\ncollections_path = vendored:elsewhere", "vendored")],
)
def test_a_vendored_collection_counts_as_a_whole(tmp_path: Path, config: str, place: str) -> None:
    files = {
        "ansible.cfg": config,
        "web/playbook.yml": "- hosts: all\n  roles: [acme.shop.web]\n  tasks: [{acme.shop.paint: {colour: red}}]",
        f"{place}/{COLLECTION}/roles/web/tasks/main.yml": "[]",
        f"{place}/{COLLECTION}/plugins/modules/paint.py": "",
        f"{place}/{COLLECTION}/roles/web/README.md": "",
        f"{place}/{COLLECTION}/docs/broken.yml": "- [",
    }
    found = reads(write(tmp_path, files), "web")
    assert set(found) == files.keys()


@pytest.mark.parametrize(
    ("role", "told"),
    [
        ("acme.shop.web", r"ansible-galaxy collection install acme\.shop:VERSION -p collections, and commit that"),
        ("geerlingguy.nginx", r"ansible-galaxy role install geerlingguy\.nginx,VERSION -p roles, and commit that"),
    ],
)
def test_a_role_that_is_not_in_the_release_is_refused_with_how_to_vendor_it(
    tmp_path: Path, role: str, told: str
) -> None:
    with pytest.raises(InvalidInput, match=told):
        reads(write(tmp_path, {"web/playbook.yml": f"- hosts: all\n  roles: [{role}]"}), "web")


@pytest.mark.parametrize("place", ["tests/test.yml", "molecule/default/converge.yml", "examples/some.yml"])
def test_what_only_tests_and_examples_of_a_role_need_is_not_asked_for(tmp_path: Path, place: str) -> None:
    files = {
        "web/playbook.yml": "- hosts: all\n  roles: [them.cache]",
        "web/roles/them.cache/tasks/main.yml": "[]",
        f"web/roles/them.cache/{place}": "- hosts: all\n  roles: [role_under_test, them.java]",
    }
    assert f"web/roles/them.cache/{place}" in reads(write(tmp_path, files), "web")


def test_what_a_role_itself_needs_is_asked_for(tmp_path: Path) -> None:
    files = {
        "web/playbook.yml": "- hosts: all\n  roles: [cache]",
        "web/roles/cache/tasks/main.yml": "- include_role: {name: java}",
    }
    with pytest.raises(InvalidInput, match="there is no role java"):
        reads(write(tmp_path, files), "web")


def test_a_galaxy_role_that_is_vendored_is_read(tmp_path: Path) -> None:
    files = {
        "web/playbook.yml": "- hosts: all\n  roles: [geerlingguy.nginx]",
        "web/roles/geerlingguy.nginx/tasks/main.yml": "[]",
    }
    assert set(reads(write(tmp_path, files), "web")) == files.keys()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"web/README.md": ""}, r"web: holds no playbook; add playbook\.yml"),
        ({"web/playbook.yml": "- roles: [base]", "web/roles/bass/x": ""}, "there is no role base; roles: bass"),
        ({"web/playbook.yml": "- ["}, "is not valid YAML"),
    ],
)
def test_what_ansible_could_not_run_is_told_with_the_release(
    tmp_path: Path, files: dict[str, str], told: str
) -> None:
    with pytest.raises(InvalidInput, match=told):
        reads(write(tmp_path, files), "web")


def test_the_configuration_is_the_nearest_and_never_from_outside(tmp_path: Path) -> None:
    root = write(tmp_path, {"ansible.cfg": "", "infrastructure/a/b/playbook.yml": ""}) / "infrastructure"
    assert configuration(root, root / "a" / "b") is None
    write(root, {"a/ansible.cfg": ""})
    assert configuration(root, root / "a" / "b") == root / "a" / "ansible.cfg"


@pytest.mark.parametrize(
    ("playbook", "read"),
    [
        ("- hosts: all\n  tasks: [{ansible.builtin.include_tasks: ../shared/tasks.yml}]", "shared/tasks.yml"),
        ("- hosts: all\n  tasks: [{import_tasks: ../shared/tasks.yml}]", "shared/more.yml"),
        ("- hosts: all\n  tasks: [{include_tasks: '{{ playbook_dir }}/../shared/tasks.yml'}]", "shared/tasks.yml"),
        ("- hosts: all\n  vars_files: [../shared/vars.yml]", "shared/vars.yml"),
        ("- hosts: all\n  vars_files: ['../shared/{{ flowmart_environment }}.yml']", "shared/vars.yml"),
        ("- hosts: all\n  tasks: [{template: {src: ../shared/motd.j2, dest: /etc/motd}}]", "shared/footer.j2"),
        ("- hosts: all\n  tasks: [{copy: src=../shared/motd.j2 dest=/etc/motd}]", "shared/motd.j2"),
        ("- import_playbook: ../shared/play.yml", "shared/tasks.yml"),
        (
            "- hosts: all\n  tasks: [{debug: {msg: \"{{ lookup('file', '../shared/vars.yml') }}\"}}]",
            "shared/vars.yml",
        ),
        (
            "- hosts: all\n  tasks: [{copy: {src: '{{ item }}', dest: /}, with_fileglob: ['../shared/*.j2']}]",
            "shared/motd.j2",
        ),
        ("- hosts: all\n  tasks: [{include_tasks: '{{ anywhere }}/tasks.yml'}]", "unrelated/file"),
        ("- hosts: all\n  roles: [../shared/role]", "shared/role/tasks/main.yml"),
        ("- hosts: all\n  tasks: [{include_tasks: ../shared files/größe (1).yml}]", "shared files/größe (1).yml"),
        (
            "- hosts: all\n  tasks: [{copy: src='../shared files/größe (1).yml' dest=/x}]",
            "shared files/größe (1).yml",
        ),
        ("- hosts: all\n  vars_files: ['../shared files/{{ x }}.yml']", "shared files/größe (1).yml"),
    ],
)
def test_what_a_path_leads_to_is_read_and_what_that_leads_to(tmp_path: Path, playbook: str, read: str) -> None:
    write(
        tmp_path,
        {
            "unit/playbook.yml": playbook,
            "shared files/größe (1).yml": "{}",
            "shared/tasks.yml": "- include_tasks: more.yml",
            "shared/more.yml": "[]",
            "shared/play.yml": "- hosts: all\n  tasks: [{include_tasks: tasks.yml}]",
            "shared/vars.yml": "{}",
            "shared/motd.j2": "{% include 'footer.j2' %}",
            "shared/footer.j2": "bye",
            "shared/role/tasks/main.yml": "[]",
            "unrelated/file": "",
        },
    )
    assert read in reads(tmp_path, "unit")


def test_what_nothing_leads_to_is_not_read(tmp_path: Path) -> None:
    link = "{file: {src: '{{ anywhere }}/x', dest: /etc/y, state: link}}"
    playbook = f"- hosts: all\n  tasks: [{{copy: {{content: a b/c .., dest: /etc/motd}}}}, {link}]"
    write(tmp_path, {"unit/playbook.yml": playbook, "shared/tasks.yml": "[]", "etc/motd": ""})
    assert reads(tmp_path, "unit") == ("unit/playbook.yml",)


def test_a_template_that_is_no_yaml_is_read_as_a_template(tmp_path: Path) -> None:
    files = {
        "web/playbook.yml": "- hosts: all\n  roles: [base]\n",
        "web/roles/base/tasks/main.yml": "- template: {src: app.yml, dest: /etc/app.yml}\n",
        "web/roles/base/templates/app.yml": "{% if x %}\n- {{ lookup('file', '../common/key.pub') }}: [\n",
        "web/common/key.pub": "key",
    }
    assert set(reads(write(tmp_path, files), "web")) == files.keys()


def write_deeper_than_paths_go(folder: Path) -> None:
    """Folders in folders, until whoever looks through all of them is refused by the system."""
    folder.mkdir()
    above = os.open(folder, os.O_RDONLY)
    for _ in range(24):
        os.mkdir("d" * 200, dir_fd=above)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = below
    os.close(above)


@pytest.mark.parametrize("path", ["{outside}", "{outside}/{{{{ version }}}}/bin", "../../outside/{{{{ version }}}}"])
def test_folders_of_this_machine_are_not_looked_through(tmp_path: Path, path: str) -> None:
    write_deeper_than_paths_go(tmp_path / "outside")
    folder = tmp_path / "infrastructure/site"
    folder.mkdir(parents=True)
    task = f"unarchive: {{src: '{path.format(outside=tmp_path / 'outside')}', dest: /opt}}"
    (folder / "playbook.yml").write_text(f"- hosts: all\n  tasks:\n    - {task}\n")
    assert reads(tmp_path / "infrastructure", "site") == ("site/playbook.yml",)
