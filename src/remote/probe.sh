# The probe of ronde: prints facts about this host for as long as it is asked. It changes nothing and writes no file.
#
# Standard input: a mark, then one line a request; its letters say what is wanted. At the end of input everything ends.
# Standard output: `ronde-probe ready PID`, then sections, several at a time:
#   MARK begin NAME      NAME line      NAME line      MARK end NAME OUTCOME
# A line carries its section's name and is written at once, so that jobs which print together never mix within a line.
# Only shell built-ins, cat, grep, awk, cut, tr, df, date, sleep, and where there are any: systemctl, systemd-detect-virt, dpkg-query.
set -f
unset CDPATH ENV BASH_ENV GREP_OPTIONS
LC_ALL=C TZ=UTC PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL TZ PATH
nl='
'
IFS=$nl
printf 'ronde-probe ready %s\n' $$
IFS= read -r mark || exit 0
case $mark in *[!0-9a-f]* | '') exit 1 ;; esac

begin() { printf '%s begin %s\n' "$mark" "$1"; }
end() { printf '%s end %s %s\n' "$mark" "$1" "${2-0}"; }

# say NAME TEXT: the lines of TEXT, in pieces short enough to be written whole.
say() {
  out=
  for line in $2; do
    [ ${#line} -lt 1800 ] || line=$(printf %.1800s "$line")
    out="$out$1 $line$nl"
    [ ${#out} -lt 2000 ] || { printf %s "$out"; out=; }
  done
  printf %s "$out"
}

# section NAME TEXT [OUTCOME]: a whole section.
section() {
  begin "$1"
  say "$1" "$2"
  end "$1" "${3-0}"
}

# alive PID: whether a job of ours still runs. One that hangs is not started a second time.
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# What changes all the time. Of the first files only some lines are needed; of the others all but memory and loop devices and
# the ends of cables into containers: a host has hundreds of those.
needed='^(cpu|btime|MemTotal|MemFree|MemAvailable|Buffers|Cached|Slab|Shmem|Dirty|SwapTotal|SwapFree|some)'
fast() {
  section fast "$(
    grep -HsE "$needed" /proc/stat /proc/meminfo /proc/pressure/cpu /proc/pressure/memory /proc/pressure/io
    grep -HsvE ' z?(loop|ram)[0-9]+ |^ *(veth|cali|lxc)[^:]*:' /proc/uptime /proc/loadavg /proc/net/dev /proc/diskstats /proc/$$/stat
  )"
}

# The host's clock, which devices have hardware behind them, software RAID.
state() {
  set +f
  set -- /sys/class/net/*/device /sys/block/*/device
  have="$*"
  set -- /sys/block/md*/md/array_state /sys/block/md*/md/degraded /sys/block/md*/md/sync_action
  set -f
  section state "clock $(date +%s)$nl$have$nl$(grep -Hs '' /proc/mdstat "$@")"
}

# Real file systems. Those of the network, and of programs, are each measured by a df of their own: it may hang.
kernel=' - (autofs|binder|binfmt_misc|bpf|cgroup|cgroup2|configfs|debugfs|devpts|devtmpfs|efivarfs|fuse.gvfsd-fuse|fuse.lxcfs|fuse.portal|fuse.snapfuse|fusectl|hugetlbfs|mqueue|nfsd|nsfs|proc|pstore|ramfs|rootfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tmpfs|tracefs) '
layered=' /[^ ]+ [^ ]+ ([^ ]+ )*- overlay '
disks() {
  mounts=$(grep -vE -e "$kernel" -e "$layered" /proc/self/mountinfo)
  section mounts "$mounts"
  points= seen=
  for mount in $mounts; do
    IFS=' '
    set -- $mount
    IFS=$nl
    case $3 in *[!0-9:]* | '') continue ;; esac
    case " $seen " in *" $3 "*) continue ;; esac
    seen="$seen $3"
    point=$5
    case $point in
      *\\012*) continue ;;
      *\\*) point=$(printf %b "$point") ;;
    esac
    kind=${mount##* - }
    case ${kind%% *} in
      ext[234] | xfs | btrfs | zfs | vfat | exfat | f2fs | jfs | ntfs3 | iso9660 | udf | overlay) points="$points$nl$point" ;;
      *) apart "$3" "$point" ;;
    esac
  done
  sizes
}
# Those of devices of the host's own, as they were mounted at the last look: a disk may fill up within seconds.
sizes() { [ -z "${points-}" ] || alive "${near-}" || { measure near "$points" & near=$!; }; }
apart() {
  id=far_${1%%:*}_${1##*:}
  eval "job=\${$id-}"
  alive "$job" || { measure "far-$1" "$2" & eval "$id=\$!"; }
}
measure() { section "$1" "$(df -Pk -- $2 2>/dev/null; df -Pi -- $2 2>/dev/null)"; }

units() {
  [ -d /run/systemd/system ] || { section units '' none; return; }
  text=$(systemctl list-units --all --plain --no-legend --no-pager --full --no-ask-password 2>&1)
  section units "$text" $?
}

# PID, state, parent, user and system ticks, threads, start, pages and name of every process that has memory or waits.
processes() { section processes "$(stats)"; }
stats() {
  set +f
  set -- /proc/[0-9]*/stat
  set -f
  cat /proc/uptime "$@" 2>/dev/null | awk 'NR == 1 { print "uptime", $1; next } {
    e = match($0, /.*\)/) ? RLENGTH : 0; split(substr($0, e + 2), f, " "); all++
    if (e && (f[22] > 0 || f[1] == "D" || f[1] == "R" || f[1] == "Z"))
      print $1, f[1], f[2], f[12], f[13], f[18], f[20], f[22], substr($0, index($0, "(") + 1, e - index($0, "(") - 1)
  } END { print "count", all }'
}

# The same, with users and command lines of the first thousand. A command line is not read of a process in state D: its memory
# may be locked for as long as its device is silent. What the kernel has it wait in is read of those only.
all_processes() {
  text=$(stats)
  about= waits= lines= left=1000
  for line in $text; do
    pid=${line%% *}
    state=${line#* }
    case $pid in *[!0-9]*) continue ;; esac
    [ $left -gt 0 ] || break
    left=$((left - 1))
    about="$about/proc/$pid/status$nl"
    case $state in
      D*) waits="$waits/proc/$pid/wchan$nl" ;;
      *) lines="$lines/proc/$pid/cmdline$nl" ;;
    esac
  done
  binary=a
  grep -qsa '' /proc/self/stat 2>/dev/null || binary=
  section processes "$text$nl$(
    grep -Hs '^Uid:' $about
    [ -z "$waits" ] || grep -Hs '' $waits
    grep -Hs$binary '' $lines | tr '\0' '\1' | cut -c 1-600
  )" full
}

# What the host is, and whether it runs what is installed.
inventory() {
  set +f
  set -- /boot/vmlinuz-* /boot/vmlinux-*
  set -f
  text="$*$nl$(
    grep -Hs '' /proc/sys/kernel/osrelease /proc/version /proc/sys/kernel/hostname /proc/sys/kernel/random/boot_id /etc/machine-id /etc/passwd
    grep -Hs '' /etc/os-release || grep -Hs '' /usr/lib/os-release
    grep -Hs '' /usr/share/distro-info/debian.csv /usr/share/distro-info/ubuntu.csv
    while read -r line; do
      case $line in KernelPageSize:*) line=${line#*:}; line=${line% kB}; echo "page ${line##* }"; break ;; esac
    done </proc/self/smaps
    [ ! -e /run/reboot-required ] || echo /run/reboot-required
    virtual=$(systemd-detect-virt 2>/dev/null)
    [ -z "$virtual" ] || echo "virtual $virtual"
    read -r running </proc/sys/kernel/osrelease
    package=$(dpkg-query -W -f '${Version}' "linux-image-$running" 2>/dev/null)
    [ -z "$package" ] || echo "kernel-package $package"
  )"
  section inventory "$text"
}

# Ends the probe when no request came for two rounds: a link may die without a word.
watch() {
  trap 'kill $pause 2>/dev/null; exit' TERM
  seen=
  while :; do
    sleep 6 &
    pause=$!
    wait $pause
    now=
    while read -r line; do
      case $line in voluntary*) now=$line ;; esac
    done 2>/dev/null </proc/$$/status
    [ -n "$now" ] && [ "$now" != "$seen" ] || { kill -9 $$ 2>/dev/null; exit; }
    seen=$now
  done
}
# In a shell of its own: one that only redirects a function keeps the outputs open, and with them the session of a dead probe.
(exec </dev/null >/dev/null 2>&1; watch) &
watcher=$!

while IFS= read -r wanted; do
  case $wanted in *s*) state ;; esac
  case $wanted in *f*) fast ;; esac
  case $wanted in *d*) disks ;; esac
  case $wanted in *n*) sizes ;; esac
  case $wanted in *u*) alive "${units-}" || { units </dev/null & units=$!; } ;; esac
  case $wanted in *p*) alive "${processes-}" || { processes </dev/null & processes=$!; } ;; esac
  case $wanted in *a*) alive "${processes-}" || { all_processes </dev/null & processes=$!; } ;; esac
  case $wanted in *i*) alive "${inventory-}" || { inventory </dev/null & inventory=$!; } ;; esac
done
trap '' TERM
kill $watcher
kill 0
