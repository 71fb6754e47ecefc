#!/usr/bin/env bash
# Builds and tests on Ubuntu or Debian, whatever the processor: Wine is for x64 only, and so are the
# tests that need it.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CI=true

if [ "$(id -u)" = 0 ]; then as_root=(); else as_root=(sudo); fi
packages=(
  attr build-essential cmake dosfstools fio fuse3 git mtools ninja-build python3 rsync sqlite3 tar
  util-linux
)
if [ "$(uname -m)" = x86_64 ]; then
  packages+=(g++-mingw-w64-x86-64-posix wine wine64)
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
  "${packages[@]}" >/dev/null
# Tests mount for other users too.
grep -q '^user_allow_other' /etc/fuse.conf ||
  echo user_allow_other | "${as_root[@]}" tee -a /etc/fuse.conf >/dev/null

npm ci --ignore-scripts
npm test
