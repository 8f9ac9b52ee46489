// Attacks that succeed against weakened builds: devices, masks and streams.
import { weakenedBuilds } from './weakened.js';

weakenedBuilds('devices');
