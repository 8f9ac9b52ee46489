// Attacks that succeed against weakened builds: paths in the root file system.
import { weakenedBuilds } from './weakened.js';

weakenedBuilds('paths');
