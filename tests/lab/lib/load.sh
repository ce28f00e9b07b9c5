# Every part of the lab, for the commands that need it. shellcheck shell=bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=/dev/null
for part in common install build images docker containers podman host-image host-bundle host-files host-faults hosts ssh scripted cluster node users metrics statuses pods faults down config; do
    . "$here/$part.sh"
done
unset here part
