#!/bin/sh
# The first process of a lab host, inside it: what a machine's boot does and a container's does not. Then systemd.
set -eu

# A boot id of its own: the kernel's is that of the machine, the same for all hosts and after every reboot.
cat /proc/sys/kernel/random/uuid >/run/boot-id
mount --bind -o ro /run/boot-id /proc/sys/kernel/random/boot_id

# A clock of its own: uptime and boot time begin now. This process moves into it with the next exec (Linux 6.1 and newer).
# Nobody after it may set a clock: that of the wall is the machine's.
read -r uptime _ </proc/uptime
exec unshare --time --monotonic "-${uptime%.*}" --boottime "-${uptime%.*}" setpriv --bounding-set=-sys_time /lib/systemd/systemd
