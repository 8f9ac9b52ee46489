#!/bin/sh
# Runs on the host before the packages of the directory $1 are configured: what their scripts read.
set -eu
cd "$1"

# only what finds the disk: unpacking the whole of Debian's initramfs takes half the boot under emulation
mkdir -p etc/initramfs-tools/conf.d
printf 'MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n' >etc/initramfs-tools/conf.d/vm
printf '%s\n' virtio_pci virtio_blk ext4 >etc/initramfs-tools/modules

# a root that is thrown away if it does not come to its end needs no syncing
mkdir -p etc/dpkg/dpkg.cfg.d
echo force-unsafe-io >etc/dpkg/dpkg.cfg.d/vm
