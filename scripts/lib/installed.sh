# shellcheck shell=sh
# What is installed and where, for install.sh and uninstall.sh: calls `$1 MODE SOURCE TARGET` for each file. $to is where to.
prefix=${PREFIX:-/usr/local}
case $prefix in
  /*) ;;
  *) echo "PREFIX must be absolute, is \"$prefix\"" >&2; exit 1 ;;
esac
# shellcheck disable=SC2034 # for the callers
to=${DESTDIR-}$prefix

each_installed() {
  "$1" 755 dist/tsrun bin/tsrun
  "$1" 755 dist/libexec/tsrun-init libexec/tsrun/tsrun-init
  "$1" 755 dist/libexec/tsrun-systemd libexec/tsrun/tsrun-systemd
  "$1" 644 dist/share/man/man8/tsrun.8 share/man/man8/tsrun.8
  "$1" 644 dist/share/bash-completion/completions/tsrun share/bash-completion/completions/tsrun
  "$1" 644 dist/share/zsh/site-functions/_tsrun share/zsh/site-functions/_tsrun
}
