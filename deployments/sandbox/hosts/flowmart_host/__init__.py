"""The package manager and the service manager of a disposable host, in place of a distribution's.

Every host has a copy (`/usr/local/lib/flowmart/flowmart_host`), which runs in the host's own Python. So the package
imports only the standard library.

Packages are those of `catalogue.json`: a subset of Debian 12 with its names, versions and configuration files, and
with stand-ins for the programs. Units are read, enabled and started as in systemd. A service's main program does not
run, but its `ExecStartPre` does, and so does the program of a `oneshot`. Everything else fails as "not emulated".
"""
