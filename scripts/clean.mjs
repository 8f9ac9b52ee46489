// Removes all that a build made.
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './lib/run.mjs';

for (const path of ['build', 'dist', 'src/spec/generated']) rmSync(join(root, path), { recursive: true, force: true });
