#!/usr/bin/env bash
# Runs a command in a container, in the project's directory, with what mounting through FUSE needs:
# scripts/ci/container.sh IMAGE COMMAND [ARGUMENT...]
# The runner's own Node is there under /opt/node, for images that have none (manylinux).
set -euo pipefail
image=$1
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
node=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")

exec docker run --rm --init \
  --privileged --cap-add SYS_ADMIN --device /dev/fuse \
  --volume "$root:$root" --workdir "$root" \
  --volume "$node:/opt/node:ro" \
  --env CI=true \
  "$image" "$@"
