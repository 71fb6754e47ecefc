#!/bin/sh
# Makes the prebuilt addon for musl, in a container of the image node:*-alpine.
set -eu
cd "$(dirname "$0")/../.."

apk add --no-cache build-base cmake linux-headers >/dev/null
npm ci --ignore-scripts
node scripts/prebuild.mjs "linux-$(node -p process.arch)"
node scripts/check-prebuilds.mjs --release
