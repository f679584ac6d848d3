"""Throw-away hosts: a real sshd on loopback, behind which every session is root of a machine that may be spoilt.

A host is a folder with an /etc, a /var, a /home of its own and this machine's programs, read-only. It is entered
through namespaces of the kernel, as whoever starts the sandbox, root or not. What cannot be reached from in there:
the real root, its processes, its devices, and its kernel's settings. `machine.sh` puts it together.

There is one host for each environment that has hosts, and `builder` for images.
"""

from __future__ import annotations

from deployments.sandbox.hosts.client import variables
from deployments.sandbox.hosts.declared import command, declare
from deployments.sandbox.hosts.machine import BUILDER, answers, forget

__all__ = ["BUILDER", "answers", "command", "declare", "forget", "variables"]
