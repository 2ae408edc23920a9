#!/bin/sh
# Prints the path of qemu's emulator of x86-64 programs for the slow tests; installs Debian's where that is possible.
set -eu
find_it() { command -v qemu-x86_64 || command -v qemu-x86_64-static; }
if ! find_it; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update && apt-get install --yes --no-install-recommends qemu-user; } >&2
    find_it
  else
    echo "This test needs qemu-user: install it (Debian, Ubuntu: sudo apt-get install qemu-user) and try again." >&2
    exit 1
  fi
fi
