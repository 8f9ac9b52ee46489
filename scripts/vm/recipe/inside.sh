#!/bin/sh
# Runs inside the new root, before its first boot: makes a stock Debian into a machine to test on.
set -eu

# --- the machine
echo vm >/etc/hostname
printf '127.0.0.1 localhost vm\n::1 localhost\n' >/etc/hosts
# the kernel's command line has the root
: >/etc/fstab
# of a stock kernel; user-mode Linux has them built in
if [ -e /vmlinuz ]; then printf '%s\n' 9pnet_virtio 9p overlay fuse >/etc/modules-load.d/vm.conf; fi
# nobody answers in there: a name is not found at once
: >/etc/resolv.conf
printf '[Match]\nName=vec* en* eth*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n' >/etc/systemd/network/vm.network
systemctl enable systemd-networkd vm-ready
systemctl mask systemd-networkd-wait-online.service getty@tty1.service serial-getty@ttyS0.service serial-getty@ttyS1.service

# --- people: root, and an ordinary user whose service manager is always there
useradd --uid 1000 --create-home --shell /bin/bash user
for file in /etc/subuid /etc/subgid; do echo user:100000:65536 >$file; done
mkdir -p /var/lib/systemd/linger
touch /var/lib/systemd/linger/user

# --- ssh is the way in
for home in /root /home/user; do
  mkdir -p $home/.ssh
  chmod 700 $home/.ssh
  cp /authorized_keys $home/.ssh/authorized_keys
done
chown -R user:user /home/user/.ssh
rm /authorized_keys
printf '%s\n' 'UseDNS no' 'PrintMotd no' 'PrintLastLog no' 'MaxSessions 100' 'MaxStartups 100' >/etc/ssh/sshd_config.d/vm.conf

# --- nothing that wakes up by itself; the tests start the engines that they need
for unit in docker.service docker.socket containerd.service podman.service podman.socket podman-auto-update.service \
  podman-auto-update.timer podman-restart.service podman-clean-transient.service netavark-dhcp-proxy.service \
  netavark-dhcp-proxy.socket netavark-firewalld-reload.service nftables.service; do
  if systemctl cat $unit >/dev/null 2>&1; then systemctl disable $unit; fi
done
for timer in /lib/systemd/system/*.timer; do
  systemctl mask "${timer##*/}"
done
