import { describe, expect, it } from 'vitest';

import { hookState, processState, report } from '../../../src/state/report.js';
import type { Status } from '../../../src/state/status.js';
import { state } from './state.js';

const annotations = { 'org.example': 'x' };
const parsed = (text: string): unknown => JSON.parse(text);

describe('what callers are told', () => {
  it('is what the specification asks for, and a little more', () => {
    expect(report(state(), 'running')).toEqual({
      ociVersion: '1.2.0',
      id: 'c1',
      pid: 7,
      status: 'running',
      bundle: '/bundle',
      rootfs: '/bundle/rootfs',
      created: '2026-08-01T10:20:30.123456789Z',
      owner: 'root',
    });
  });

  it('has annotations if there are any', () => {
    expect(report(state({ annotations }), 'running')).toHaveProperty('annotations', annotations);
    expect(report(state(), 'running')).not.toHaveProperty('annotations');
  });

  it('has no pid when the process is gone', () => {
    expect(report(state(), 'stopped').pid).toBe(0);
    for (const status of ['creating', 'created', 'running', 'paused'] satisfies Status[]) expect(report(state(), status).pid).toBe(7);
  });

  it('has nothing of what only we need', () => {
    for (const name of ['startTime', 'exe', 'cgroup']) expect(report(state(), 'running')).not.toHaveProperty(name);
  });
});

describe('what a hook is told', () => {
  it('is the state, nothing else', () => {
    expect(parsed(hookState(state({ annotations }), 'creating'))).toEqual({
      ociVersion: '1.2.0',
      id: 'c1',
      status: 'creating',
      pid: 7,
      bundle: '/bundle',
      annotations,
    });
  });

  it('has no pid behind the end', () => {
    expect(parsed(hookState(state(), 'stopped'))).toEqual({ ociVersion: '1.2.0', id: 'c1', status: 'stopped', bundle: '/bundle' });
  });

  it('is one line', () => {
    expect(hookState(state({ annotations: { a: 'x\ny' } }), 'running')).not.toContain('\n');
  });
});

describe('what the receiver of a listener is told', () => {
  it('is the container process state: which descriptor, of which process, of which container', () => {
    expect(parsed(processState(state(), 'creating', 9, 'meta'))).toEqual({
      ociVersion: '1.2.0',
      fds: ['seccompFd'],
      pid: 9,
      metadata: 'meta',
      state: { ociVersion: '1.2.0', id: 'c1', status: 'creating', pid: 7, bundle: '/bundle' },
    });
  });

  it('has no metadata without any', () => {
    expect(parsed(processState(state(), 'running', 9, ''))).not.toHaveProperty('metadata');
  });
});
