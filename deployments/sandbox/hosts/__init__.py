"""Disposable hosts: a real sshd on loopback. Every session is root of a machine that may be broken.

A host is a folder with its own /etc, /var and /home, and with this machine's programs, read-only. Sessions enter it
through kernel namespaces, as whoever starts the sandbox, root or not. They cannot reach the real root, its processes,
its devices or its kernel's settings. `machine.sh` assembles the host.

There is one host for each environment that has hosts, and `builder` for images.
"""

from __future__ import annotations

from deployments.sandbox.hosts.client import variables
from deployments.sandbox.hosts.declared import command, declare
from deployments.sandbox.hosts.machine import BUILDER, answers, forget

__all__ = ["BUILDER", "answers", "command", "declare", "forget", "variables"]
