#!/bin/sh
# What sshd runs for every session: the command that was asked for, or a shell, as root of one host.
# usage: enter NAME
command=${SSH_ORIGINAL_COMMAND:-exec /bin/bash -l}
unset SSH_ORIGINAL_COMMAND
export USER=root LOGNAME=root HOME=/root SHELL=/bin/bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PYTHONPATH=/usr/local/lib/flowmart:/usr/local/lib/flowmart/modules
# A name of its own: what a session sets is gone with it, as /proc/sys, and never the real machine's.
exec /usr/bin/python3 -I -S /sshd/users.py unshare --uts /bin/sh -c '
    hostname "$(cat "/hosts/$1/etc/hostname")"
    exec chroot "/hosts/$1" /bin/sh -c "cd && exec /bin/bash -c \"\$1\"" session "$2"
' enter "$1" "$command"
