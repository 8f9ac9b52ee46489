/** Where bind mounts come from: the container's own root, the host, or a tree that the runtime opens or maps for init. */
import { TsrunError } from '../errors.js';
import { cleanPath } from '../spec/paths.js';
import type { Linux, Mount, Spec } from '../spec/types.js';
import { MS_PRIVATE, MS_REC, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, PROPAGATION, type MountOptions } from './mount-options.js';
import type { MountContext } from './mounts.js';
import { idMapText } from './namespaces.js';
import type { UserNamespaceKind } from './namespaces.js';
import { joinPath } from './paths.js';
import type { IdMaps, Slot, TreePlan } from './plan.js';
import type { MountStep } from './steps.js';

/** Where mounts get from the host what init cannot see to itself: user namespaces with mappings, and whole trees. */
export class MountSources {
  /** One for each distinct pair of mappings. */
  readonly slots: Slot[] = [];
  readonly trees: TreePlan[] = [];
  private readonly names = new Map<string, string>();

  private readonly linux: Linux | undefined;
  private readonly context: MountContext;
  /** The root's path on the host; empty: the container has none of its own. */
  private readonly root: string;

  constructor(spec: Spec, context: MountContext) {
    this.linux = spec.linux;
    this.context = context;
    this.root = spec.root === undefined ? '' : cleanPath(joinPath(context.bundle, spec.root.path));
  }

  /**
   * A bind mount's source. One that lies in the root by its name is found there as the container finds it, with the mounts that come
   * before in the list; all others are the host's.
   */
  source(mount: Mount, options: MountOptions, pointer: string, bind: MountStep): MountStep {
    const path = this.inside(bind.source);
    if (path === null) return { ...bind, ...this.tree(bind, mount, options, pointer) };
    const step = { ...bind, inside: true, source: path };
    if (this.context.host.euid !== 0) return { ...step, ...this.idmap(mount, options, pointer) };
    const mapped = this.mappings(mount, options, pointer) !== null;
    return mapped ? { ...step, ...this.tree(bind, mount, options, pointer) } : step;
  }

  /** The path of a source below the root; null when it is elsewhere, or where it is depends on symlinks. */
  private inside(source: string): string | null {
    if (this.root === '' || source.split('/').includes('..')) return null;
    const clean = cleanPath(source);
    if (clean === this.root) return '/';
    return clean.startsWith(this.root === '/' ? '/' : `${this.root}/`) ? clean.slice(this.root.length) : null;
  }

  /**
   * A bind mount's source. Root's runtime opens it where init may not: in a user namespace it may not pass every directory,
   * nor map the ids of a file system that is not its own (man 2 mount_setattr).
   */
  private tree(step: MountStep, mount: Mount, options: MountOptions, pointer: string): Partial<MountStep> {
    if (this.context.host.euid !== 0) return this.idmap(mount, options, pointer);
    const idmap = this.mappings(mount, options, pointer);
    if (idmap === null && this.context.userNamespace === 'none') return {};
    const idmapRecursive = options.idmap === 'ridmap';
    const { source, destination } = step;
    const propagation = cutOff(this.linux?.rootfsPropagation, this.context.userNamespace);
    const tree = this.trees.push({ source, destination, recursive: step.kind === 'rbind', propagation, idmap, idmapRecursive }) - 1;
    return { tree, treeIfDenied: idmap === null };
  }

  /** Mappings that init gives the mount itself. */
  idmap(mount: Mount, options: MountOptions, pointer: string): Partial<MountStep> {
    const idmap = this.mappings(mount, options, pointer);
    return idmap === null ? {} : { idmap: this.slot(idmap), idmapRecursive: options.idmap === 'ridmap' };
  }

  private mappings(mount: Mount, options: MountOptions, pointer: string): TreePlan['idmap'] {
    const uids = mount.uidMappings ?? [];
    const gids = mount.gidMappings ?? [];
    if ((uids.length === 0) !== (gids.length === 0)) {
      throw new TsrunError(`${pointer}: uidMappings and gidMappings need each other`);
    }
    if (uids.length > 0) return { uidMap: idMapText(uids), gidMap: idMapText(gids) };
    if (options.idmap === null) return null;
    switch (this.context.userNamespace) {
      case 'none':
        throw new TsrunError(`${pointer}/options: ${options.idmap} needs mappings, or a container with a user namespace`);
      case 'joined':
        return { path: this.linux?.namespaces?.find(({ type }) => type === 'user')?.path ?? '' };
      case 'new':
        return { uidMap: idMapText(this.linux?.uidMappings ?? []), gidMap: idMapText(this.linux?.gidMappings ?? []) };
    }
  }

  private slot(idmap: IdMaps | { readonly path: string }): string {
    if ('path' in idmap) return 'namespace.user';
    const { uidMap, gidMap } = idmap;
    const key = `${uidMap}:${gidMap}`;
    let name = this.names.get(key);
    if (name === undefined) {
      name = `idmap.${this.slots.length}`;
      this.names.set(key, name);
      this.slots.push({ name, open: 'userNamespace', uidMap, gidMap });
    }
    return name;
  }
}

/**
 * The runtime's copy of a mount is one with the host's. It gets what the copies in init's mount namespace have by then: by
 * the first step (planRootfs), and in a user namespace by the kernel, which lets nothing through to the outside (man 7
 * mount_namespaces).
 */
function cutOff(word: string | undefined, userNamespace: UserNamespaceKind): number {
  const flags = PROPAGATION.get(word ?? '') ?? MS_SLAVE;
  if ((flags & MS_SHARED) !== 0) return userNamespace === 'none' ? 0 : MS_SLAVE | MS_REC;
  return ((flags & (MS_PRIVATE | MS_UNBINDABLE)) === 0 ? MS_SLAVE : MS_PRIVATE) | MS_REC;
}
