// Attacks that succeed against weakened builds: what a process gets, or may look into.
import { weakenedBuilds } from './weakened.js';

weakenedBuilds('process');
