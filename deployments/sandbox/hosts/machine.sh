# The machine that the throw-away hosts are on, put together in a mount namespace of its own, and sshd in it.
#
# usage: machine.sh MACHINE HOSTS SSHD
#   MACHINE  a folder with etc/ and sshd/; it becomes the root, and what was the root before cannot be reached any more
#   HOSTS    a folder with NAME/root and NAME/local of each host; they become /hosts/NAME and its /usr/local
#
# Run as the first process of new user, mount, pid, ipc and uts namespaces: everything ends with it. Programs are the real
# machine's, read-only. What sessions get is entered through one more user namespace (`enter`), so that nobody there
# can mount again what is read-only here. There are all users in it, or root alone (`users.py`).
set -eu
machine=$1 hosts=$2 sshd=$3

# Read-only below a folder of /proc; a root of this user namespace may be the user that /proc/sys lets in.
# The list is that of the OCI runtime specification's default (readonlyPaths).
keep() {
    for path in bus fs irq sys sysrq-trigger; do
        [ -e "$1/$path" ] || continue
        mount --bind "$1/$path" "$1/$path"
        mount -o remount,bind,ro "$1/$path"
    done
}

# `from` at `to`, and everything that is mounted below, read-only.
read_only() {
    mount --rbind "$1" "$2"
    awk -v root="$2" '$5 == root || index($5, root "/") == 1 { print $5 }' /proc/self/mountinfo | while read -r place; do
        mount -o remount,bind,ro "$place"
    done
}

devices() {
    for device in null zero full random urandom tty; do
        : >"$1/$device"
        mount --bind "/dev/$device" "$1/$device"
    done
    mkdir -p "$1/pts" "$1/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$1/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$1/shm"
    ln -sf pts/ptmx "$1/ptmx"
    ln -sfn /proc/self/fd "$1/fd"
}

# Where the real machine's programs are found: in /usr, and for most of them in links to it.
programs() {
    read_only /usr "$1/usr"
    for place in bin sbin lib lib32 lib64 libx32; do
        if [ -L "/$place" ]; then
            ln -sfn "$(readlink "/$place")" "$1/$place"
        elif [ -d "/$place" ]; then
            mkdir -p "$1/$place"
            read_only "/$place" "$1/$place"
        fi
    done
}

# A host's own programs in the place of the real machine's, for whoever asks for /usr/bin/systemctl.
own_programs() {
    for program in "$1"/*; do
        for place in bin sbin; do
            to=$2/usr/$place/${program##*/}
            [ -f "$to" ] || continue
            mount --bind "$program" "$to"
            mount -o remount,bind,ro "$to"
        done
    done
}

mount --bind "$machine" "$machine"
cd "$machine"
mkdir -p usr proc dev hosts old
programs "$machine"
mount -t proc proc proc
keep "$machine/proc"
devices "$machine/dev"
for own in "$hosts"/*/root; do
    name=$(basename "$(dirname "$own")")
    host=hosts/$name
    mkdir -p "$host"
    mount --bind "$own" "$host"
    mkdir -p "$host/usr" "$host/proc" "$host/dev"
    programs "$machine/$host"
    mount --bind "$hosts/$name/local" "$host/usr/local"
    own_programs "$hosts/$name/local/lib/flowmart/bin" "$host"
    mount --rbind proc "$host/proc"
    mount --rbind dev "$host/dev"
done
pivot_root . old
cd /
umount -l old

# What is asked for the first process of a machine with systemd. sshd starts itself anew by the name it was started with.
ln -sf "$sshd" /sshd/systemd
read -r _ _ users </proc/self/uid_map
if [ "$users" -gt 1 ]; then
    ln -sf passwd.all /etc/passwd
    exec /sshd/systemd -D -e -f /sshd/sshd_config
fi
# With no other user to hand its work to, sshd has to be somebody who is not root; /etc/passwd calls that somebody root.
ln -sf passwd.one /etc/passwd
exec unshare --user --map-user=1000 --map-group=1000 /sshd/systemd -D -e -f /sshd/sshd_config
