#!/usr/bin/env bash
# host-power.sh STATE BUNDLE NAME: the power supply of a lab host. Boots it, boots it again when it reboots, and ends when it
# is off. STATE is runc's folder. Run as a process of its own by `host_on`.
set -euo pipefail
state=$1 bundle=$2 name=$3
code=129
# When a process namespace reboots, the kernel ends its first process by SIGHUP; by SIGINT when it powers off.
while ((code == 129)); do
    runc --root "$state" delete -f "$name" 2>/dev/null || true
    code=0
    runc --root "$state" run --bundle "$bundle" "$name" || code=$?
    echo "$name ended with $code"
done
