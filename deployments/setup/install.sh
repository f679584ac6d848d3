#!/bin/sh
# Makes .venv with everything the project needs. Called by make when something it is made from has changed;
# says what it does in a few lines, keeps the rest in .venv/setup.log, and shows that when a step fails.
set -eu
cd "$(dirname "$0")/../.."
began=$(date +%s)

# pyenv and the like put commands on PATH that only say that this version is not active: they are asked to run.
usable() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

find_python() {
    for name in python3.11 python3.12 python3.13 python3 python; do
        for folder in $(printf '%s' "$PATH" | tr ':' ' '); do
            if [ -x "$folder/$name" ] && usable "$folder/$name"; then
                printf '%s\n' "$folder/$name"
                return
            fi
        done
    done
    echo "setup: no Python 3.11, 3.12 or 3.13 on PATH." >&2
    echo "       Debian, Ubuntu: apt-get install python3.11 python3.11-venv; macOS: brew install python@3.11" >&2
    exit 1
}

make_environment() {
    if [ -x .venv/bin/python ] && usable .venv/bin/python; then
        # An environment that uv made has no pip.
        if .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null 2>&1; then
            return
        fi
    fi
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        echo "setup: $python has no venv module. Debian, Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
    echo "setup: .venv with $("$python" --version) ($python)"
    "$python" -m venv --clear .venv
}

quietly() {
    if ! "$@" >>.venv/setup.log 2>&1; then
        echo "setup: failed: $*" >&2
        tail -n 20 .venv/setup.log >&2
        echo "setup: all of it is in .venv/setup.log; with the network back, run the same make command again" >&2
        exit 1
    fi
}

install_locked() {
    # uv takes seconds where pip takes a minute, but does not read pip's configuration (a company's own index, say).
    if .venv/bin/python -m uv pip install --python .venv/bin/python --require-hashes -r requirements/dev.txt \
        >>.venv/setup.log 2>&1; then
        return
    fi
    echo "setup: uv could not, trying pip (about a minute)"
    # The file has every dependency. Debian 12's pip, left to resolve them, takes newer ones and refuses them without hashes.
    quietly .venv/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements/dev.txt
}

make_environment
: >.venv/setup.log
echo "setup: installing $(grep -c '==' requirements/dev.txt) pinned packages"
quietly .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r deployments/setup/requirements.txt
install_locked
quietly .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --editable .
.venv/bin/python -m deployments.setup.terraform
.venv/bin/python -m deployments.setup.kubernetes_tools
.venv/bin/python -m deployments.setup.system_packages
touch .venv/.installed
echo "setup: done in $(($(date +%s) - began)) s"
