import { describe, expect, it } from 'vitest';

import { Undo } from '../../../src/lifecycle/undo.js';

function recorder(): { undo: Undo; done: string[]; add: (name: string, fails?: boolean) => void } {
  const undo = new Undo();
  const done: string[] = [];
  const add = (name: string, fails = false): void => {
    undo.add(() => {
      done.push(name);
      if (fails) throw new Error(name);
    });
  };
  return { undo, done, add };
}

describe('undoing', () => {
  it('goes backwards', () => {
    const { undo, done, add } = recorder();
    for (const name of ['a', 'b', 'c']) add(name);
    undo.run();
    expect(done).toEqual(['c', 'b', 'a']);
  });

  it('goes on after a failure', () => {
    const { undo, done, add } = recorder();
    add('a');
    add('b', true);
    add('c', true);
    expect(() => undo.run()).not.toThrow();
    expect(done).toEqual(['c', 'b', 'a']);
  });

  it('happens once', () => {
    const { undo, done, add } = recorder();
    add('a');
    undo.run();
    undo.run();
    expect(done).toEqual(['a']);
    add('b');
    undo.run();
    expect(done).toEqual(['a', 'b']);
  });

  it('undoes what is added meanwhile', () => {
    const { undo, done, add } = recorder();
    undo.add(() => {
      add('late');
    });
    undo.run();
    expect(done).toEqual(['late']);
  });

  it('of nothing is nothing', () => {
    expect(() => new Undo().run()).not.toThrow();
  });
});
