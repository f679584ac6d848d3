"""Modules on a host's PYTHONPATH: one that Python imports at startup, and bindings for Ansible's modules."""

from __future__ import annotations

from collections.abc import Mapping

_BINDINGS = "from flowmart_host.bindings import"

MODULES: Mapping[str, str] = {
    "apt/__init__.py": f"from . import cache, debfile\n{_BINDINGS} Cache\n",
    "apt/cache.py": f"{_BINDINGS} Cache, FetchFailedException, LockFailedException\n",
    "apt/debfile.py": f"{_BINDINGS} DebPackage\n",
    "apt_pkg.py": f"{_BINDINGS} (\n    CURSTATE_INSTALLED, Policy, config, get_architectures, version_compare,\n)\n",
    "aptsources/__init__.py": "",
    "aptsources/distro.py": f"{_BINDINGS} get_distro\n",
    "aptsources/sourceslist.py": f"{_BINDINGS} get_distro as SourcesList\n",
    "debian/__init__.py": "",
    "debian/deb822.py": f"{_BINDINGS} Deb822\n",
    "sitecustomize.py": "from flowmart_host import compiled, readonly\n\ncompiled.keep()\nreadonly.explain()\n",
}
"""File contents by path."""
