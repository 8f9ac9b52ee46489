// All steps of this folder.
#pragma once

#include "rootfs/console.h"
#include "rootfs/device.h"
#include "rootfs/directory.h"
#include "rootfs/mask.h"
#include "rootfs/mount.h"
#include "rootfs/move_root.h"
#include "rootfs/pivot_root.h"
#include "rootfs/propagation.h"
#include "rootfs/readonly_path.h"
#include "rootfs/root.h"
#include "rootfs/symlink.h"
#include "rootfs/sysctl.h"
