#!/bin/sh
# Removes what install.sh installed with the same PREFIX and DESTDIR, and nothing else.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib/installed.sh

drop() {
  [ -e "$to/$3" ] || return 0
  rm "$to/$3"
  echo "$to/$3"
}
each_installed drop
if [ -d "$to/libexec/tsrun" ]; then rmdir --ignore-fail-on-non-empty "$to/libexec/tsrun"; fi
