#!/usr/bin/env python3
"""Smoke check: after their configuration hosts still let us in, by a new connection.

Usage: hosts_let_us_in.py ENVIRONMENT ADDRESS,ADDRESS...

What hardens sshd may lock out whoever hardens it, and nobody notices as long as an old connection is open. Asks with
what Ansible asks with: ANSIBLE_SSH_ARGS, ANSIBLE_REMOTE_USER, ANSIBLE_PRIVATE_KEY_FILE. Exit code 0: all let us in;
1: one refused us; 2: one could not be reached.
"""

import os
import shlex
import subprocess
import sys

SECONDS = 20


def main(environment: str, addresses: list[str]) -> int:
    """Say what is found on standard output, and return the exit code."""
    answers = {address: asked(environment, address) for address in addresses}
    wrong = {address: (code, said) for address, (code, said) in answers.items() if code}
    print("; ".join(f"{a}: {said}" for a, (_, said) in wrong.items()) or f"{', '.join(addresses)}: let us in")
    return max((code for code, _ in wrong.values()), default=0)


def asked(environment: str, address: str) -> tuple[int, str]:
    """What one host says: our exit code, and why."""
    options = ["-o", "BatchMode=yes", "-o", f"ConnectTimeout={SECONDS // 2}", "-o", "ControlPath=none"]
    known = {"-l": os.environ.get("ANSIBLE_REMOTE_USER"), "-i": os.environ.get("ANSIBLE_PRIVATE_KEY_FILE")}
    given = [part for name, value in known.items() if value for part in (name, value)]
    argv = ["ssh", *shlex.split(os.environ.get("ANSIBLE_SSH_ARGS", "")), *options, *given, address, "true"]
    variables = {**os.environ, "FLOWMART_ENVIRONMENT": environment}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, env=variables, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return 2, str(error)
    if done.returncode == 0:
        return 0, "lets us in"
    said = (done.stderr.strip().splitlines() or [f"ssh ended with {done.returncode}"])[-1]
    return (1 if "Permission denied" in done.stderr else 2), said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2].split(",")))
