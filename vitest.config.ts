import { defineConfig } from 'vitest/config';

/** How many times longer everything takes, in a machine that is emulated. */
const slowness = Number(process.env['TSRUN_TEST_SLOWNESS'] ?? 1);

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // what a test found is in its message, whole: weakened builds are told apart by it
    chaiConfig: { truncateThreshold: 0 },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // containers, cgroups and mounts belong to the whole machine: one file at a time
          fileParallelism: false,
          // more than a call may take, and that more than what is waited for: who is late is named
          testTimeout: 120_000 * slowness,
          hookTimeout: 120_000 * slowness,
        },
      },
      // programs for another machine, under emulation: npm run test:aarch64
      { extends: true, test: { name: 'aarch64', include: ['test/aarch64/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 300_000 } },
      // the virtual machine from outside: node scripts/test.mjs bed
      {
        extends: true,
        test: { name: 'bed', include: ['test/bed/**/*.test.ts'], fileParallelism: false, testTimeout: 900_000, hookTimeout: 900_000 },
      },
      // in the virtual machine: npm run test:vm
      ...['vm', 'engines'].map((name) => ({
        extends: true as const,
        test: { name, include: [`test/${name}/**/*.test.ts`], fileParallelism: false, testTimeout: 900_000, hookTimeout: 900_000 },
      })),
    ],
  },
});
