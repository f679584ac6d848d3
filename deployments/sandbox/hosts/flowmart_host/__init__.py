"""What a throw-away host has in place of a distribution: a package manager and a service manager.

It is copied to every host (`/usr/local/lib/flowmart/flowmart_host`) and runs there, in the host's own Python: it
imports the standard library only. Packages are those of `catalogue.json`, a cut of Debian 12 with its names, versions
and configuration files, and stand-ins for the programs. Units are read, enabled and started as systemd does it, but
what a service runs is not run; what it runs before (`ExecStartPre`) and what a `oneshot` runs is. Whatever else is
asked for is "not emulated".
"""
