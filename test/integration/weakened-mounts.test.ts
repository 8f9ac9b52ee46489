// Attacks that succeed against weakened builds: the root itself, /proc, /sys and the cgroups in it.
import { weakenedBuilds } from './weakened.js';

weakenedBuilds('mounts');
