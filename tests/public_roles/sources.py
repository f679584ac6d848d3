"""Which public roles are tried, with the values that their users have to give, and what somebody does by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ADDRESS = "https://github.com/"
COLLECTIONS = ("ansible-collections/ansible.posix", "ansible-collections/community.general")
_LOGS = {"name": "app", "definitions": [{"logs": ["/var/log/app.log"], "options": ["weekly", "rotate 4"]}]}
_USER = {"username": "deploy", "name": "Deployments", "uid": 2001, "ssh_key": ["ssh-ed25519 AAAAC3Nza deploy"]}


@dataclass(frozen=True)
class PublicRole:
    """One role.

    Attributes:
        repository: OWNER/NAME.
        values: variables of its first release.
        changed: what the second release has in place of some of them.
        by_hand: what somebody does to the host.
        collections: repositories of the collections that it needs.
    """

    repository: str
    values: Mapping[str, Any] = field(default_factory=dict)
    changed: Mapping[str, Any] = field(default_factory=dict)
    by_hand: str = ""
    collections: Sequence[str] = ()

    @property
    def name(self) -> str:
        """What a playbook calls it."""
        return (
            self.repository.rpartition("/")[2]
            .removeprefix("ansible-role-")
            .removeprefix("ansible-")
            .removeprefix("ansible.")
        )


ROLES = (
    PublicRole(
        "geerlingguy/ansible-role-nginx",
        {"nginx_remove_default_vhost": True},
        {"nginx_worker_connections": "2048"},
        "systemctl disable --now nginx",
    ),
    PublicRole(
        "geerlingguy/ansible-role-ntp",
        {"ntp_manage_config": True},
        {"ntp_area": "europe"},
        "systemctl stop ntpsec; ln -sfn /usr/share/zoneinfo/Europe/Oslo /etc/localtime",
        COLLECTIONS[1:],
    ),
    PublicRole(
        "geerlingguy/ansible-role-redis", {}, {"redis_databases": 32}, "echo 'port 1' >> /etc/redis/redis.conf"
    ),
    PublicRole(
        "geerlingguy/ansible-role-memcached",
        {},
        {"memcached_connections": 2048},
        "apt-get remove -y memcached",
    ),
    PublicRole(
        "geerlingguy/ansible-role-haproxy", {}, {"haproxy_frontend_port": 8080}, "rm /etc/haproxy/haproxy.cfg"
    ),
    PublicRole(
        "singleplatform-eng/ansible-users",
        {"users": [_USER], "users_create_per_user_group": True},
        {"users": [{**_USER, "shell": "/bin/sh"}]},
        "usermod --comment Somebody deploy; rm ~deploy/.ssh/authorized_keys",
        COLLECTIONS[:1],
    ),
    PublicRole(
        "Frzk/ansible-role-chrony",
        {},
        {"chrony_makestep_limit": 3},
        "echo 'server time.example' >> /etc/chrony/chrony.conf",
    ),
    PublicRole("geerlingguy/ansible-role-postfix", {}, {"postfix_inet_interfaces": "all"}, "systemctl stop postfix"),
    PublicRole("geerlingguy/ansible-role-security", {}, {"security_ssh_port": 2222}, "systemctl stop fail2ban"),
    PublicRole(
        "arillso/ansible.logrotate",
        {"logrotate_applications": [_LOGS]},
        {"logrotate_options": ["daily"]},
        "rm /etc/logrotate.d/app",
    ),
    PublicRole("geerlingguy/ansible-role-git", by_hand="apt-get remove -y git"),
    PublicRole("cloudalchemy/ansible-node-exporter"),
    *(PublicRole(f"geerlingguy/ansible-role-{name}") for name in ("apache", "docker", "mysql", "nfs")),
)


def fetched(folder: Path) -> Path:
    """Shallow clones of all the repositories, made by git."""
    for name in sorted({*(role.repository for role in ROLES), *COLLECTIONS}):
        clone = ["git", "clone", "--quiet", "--depth=1", f"{ADDRESS}{name}", str(folder / name)]
        subprocess.run(clone, check=True)
    return folder
