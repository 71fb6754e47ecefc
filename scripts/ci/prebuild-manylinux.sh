#!/usr/bin/env bash
# Makes the prebuilt addon for glibc, in a container of the image manylinux_2_28: its glibc is the
# oldest that Node 20 runs with, its compiler a new one.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PATH:/opt/node/bin

npm ci --ignore-scripts
node scripts/prebuild.mjs "linux-$(node -p process.arch)"
node scripts/check-prebuilds.mjs --release
