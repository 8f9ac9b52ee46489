#!/bin/sh
# Installs what the build made below PREFIX (/usr/local); DESTDIR goes in front, for packagers. uninstall.sh removes it.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib/installed.sh

for file in dist/tsrun dist/libexec/tsrun-init dist/libexec/tsrun-systemd; do
  [ -e "$file" ] || { echo "install: $file is missing: run npm run build first" >&2; exit 1; }
done

# install(1) replaces a file instead of writing into it: running containers keep theirs
put() {
  [ -e "$2" ] || return 0
  install -D -m "$1" "$2" "$to/$3"
  echo "$to/$3"
}
each_installed put
