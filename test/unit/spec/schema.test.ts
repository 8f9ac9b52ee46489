import { describe, expect, test } from 'vitest';
import { parseJson } from '../../../src/spec/json.js';
import { checkShape } from '../../../src/spec/validate.js';
import { problemOf } from './support.js';

const root = '"ociVersion": "1.0.0", "root": {"path": "rootfs"}';
const shape = (properties: string): string => problemOf(() => checkShape(parseJson(`{${root}, ${properties}}`, 'config.json'), 'config'));

describe("the specification's own examples of every property have the right shape:", () => {
  test.each([
    '"linux": {"netDevices": {"eth0": {"name": "container_eth0"}, "ens4": {}}}',
    '"linux": {"resources": {"rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}, "mlx4_0": {"hcaObjects": 1000}, "rxe3": {"hcaObjects": 10000}}}}',
    '"linux": {"resources": {"hugepageLimits": [{"pageSize": "2MB", "limit": 209715200}, {"pageSize": "64KB", "limit": 1000000}]}}',
    '"linux": {"resources": {"hugepageLimits": [{"pageSize": "2MB", "limit": 9223372036854772000}]}}',
    '"linux": {"intelRdt": {"closID": "guaranteed_group", "schemata": ["L3:0=7f0;1=1f", "MB:0=20;1=70"], "enableMonitoring": true}}',
    '"linux": {"memoryPolicy": {"mode": "MPOL_INTERLEAVE", "nodes": "2-3", "flags": ["MPOL_F_STATIC_NODES"]}}',
    '"linux": {"timeOffsets": {"monotonic": {"secs": 172800, "nanosecs": 0}, "boottime": {"secs": 604800, "nanosecs": 0}}}',
    '"linux": {"personality": {"domain": "LINUX32"}}',
    '"process": {"cwd": "/", "args": ["sh"], "execCPUAffinity": {"initial": "7", "final": "0-3,7"}}',
    '"process": {"cwd": "/", "args": ["sh"], "scheduler": {"policy": "SCHED_DEADLINE", "flags": ["SCHED_FLAG_RESET_ON_FORK"], "runtime": 1}}',
  ])('%s', (properties) => {
    expect(shape(properties)).toBe('valid');
  });
});

describe('and what is not of their shape is refused:', () => {
  test.each([
    ['"linux": {"netDevices": {"eth0": {"name": 23}}}', '/linux/netDevices/eth0/name: must be a string, is 23'],
    [
      '"linux": {"resources": {"rdma": {"mlx5_1": {"hcaHandles": "x"}}}}',
      '/linux/resources/rdma/mlx5_1/hcaHandles: must be an integer from 0 to 4294967295, is "x"',
    ],
    ['"linux": {"intelRdt": {"schemata": "L3:0=7f0"}}', '/linux/intelRdt/schemata: must be an array, is "L3:0=7f0"'],
    ['"linux": {"memoryPolicy": {"mode": 1}}', '/linux/memoryPolicy/mode: must be a string, is 1'],
    ['"linux": {"memoryPolicy": {"nodes": [0]}}', '/linux/memoryPolicy/nodes: must be a string, is an array'],
    ['"linux": {"memoryPolicy": {"flags": "X"}}', '/linux/memoryPolicy/flags: must be an array, is "X"'],
  ])('%s', (properties, expected) => {
    expect(shape(properties)).toBe(expected);
  });
});
