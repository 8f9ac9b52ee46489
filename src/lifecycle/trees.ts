/** Opens the trees that init cannot open itself. */
import { TsrunError, isSystemError } from '../errors.js';
import { native } from '../native.js';
import { CLONE_FLAG } from '../plan/namespaces.js';
import type { TreePlan } from '../plan/plan.js';

/** The number in init's question `tree NUMBER`; -1: it asks for something else. */
export function treeNumber(what: string): number {
  return what.startsWith('tree ') ? Number(what.slice(5)) : -1;
}

/** The number in init's question `map NUMBER`; -1: it asks for something else. */
export function mapNumber(what: string): number {
  return what.startsWith('map ') ? Number(what.slice(4)) : -1;
}

/** One after the other, when init asks: thousands of them need no more than one descriptor at a time. */
export class Trees {
  private readonly trees: readonly TreePlan[];
  /** User namespaces by their mappings, or their path. */
  private readonly namespaces = new Map<string, number>();

  constructor(trees: readonly TreePlan[]) {
    this.trees = trees;
  }

  /** A descriptor of the tree, the caller's to close. */
  open(number: number): number {
    const tree = this.trees[number];
    if (tree === undefined) throw new Error(`tsrun-init asks for tree ${number}`);
    const { source, recursive, propagation, idmapRecursive } = tree;
    try {
      return native().openTree(source, recursive, propagation, this.namespace(tree), idmapRecursive);
    } catch (error) {
      if (isSystemError(error)) throw new TsrunError(`bind ${source} on ${tree.destination}: ${error.message}`, { cause: error });
      throw error;
    }
  }

  /** Gives init's own copy of a tree, which it has sent, the mappings of the one of that number. */
  map(number: number, fd: number): void {
    const tree = this.trees[number];
    if (tree === undefined) throw new Error(`tsrun-init asks to map tree ${number}`);
    try {
      native().mapTree(fd, this.namespace(tree), tree.idmapRecursive);
    } catch (error) {
      if (isSystemError(error)) throw new TsrunError(`bind ${tree.source} on ${tree.destination}: ${error.message}`, { cause: error });
      throw error;
    }
  }

  /** Closes what was opened for them; the trees are not affected. */
  close(): void {
    for (const fd of this.namespaces.values()) native().close(fd);
    this.namespaces.clear();
  }

  private namespace({ idmap }: TreePlan): number {
    if (idmap === null) return -1;
    const key = 'path' in idmap ? idmap.path : `${idmap.uidMap}:${idmap.gidMap}`;
    let fd = this.namespaces.get(key);
    if (fd === undefined) {
      fd = 'path' in idmap ? native().openNamespace(idmap.path, CLONE_FLAG.user) : native().makeUserNamespace(idmap.uidMap, idmap.gidMap);
      this.namespaces.set(key, fd);
    }
    return fd;
  }
}
