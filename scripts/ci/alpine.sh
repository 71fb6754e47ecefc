#!/bin/sh
# Builds and tests on Alpine, in a container of the image node:*-alpine.
set -eu
cd "$(dirname "$0")/../.."
export CI=true

apk add --no-cache attr bash build-base cmake coreutils fio fuse3 git linux-headers ninja python3 \
  rsync sqlite tar util-linux >/dev/null
npm ci --ignore-scripts
npm test
