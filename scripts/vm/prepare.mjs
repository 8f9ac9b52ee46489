// Makes the kernels and the images of the machines that CI has, where they are not there yet.
import { exitOnSignals } from './cache.mjs';
import { image } from './image.mjs';
import { kernel } from './kernel.mjs';
import { machines } from './suites.mjs';

exitOnSignals();
for (const { version } of machines) await kernel(version);
for (const { release, version } of machines) await image(release, version);
