#!/bin/sh
# Prints the path of a Chromium for the browser tests; installs Debian's where that is possible.
set -eu
find_it() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
if ! find_it; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update && apt-get install --yes --no-install-recommends chromium; } >&2
    find_it
  else
    echo "The browser tests need Chromium: install it (Debian, Ubuntu: sudo apt-get install chromium) and try again." >&2
    exit 1
  fi
fi
