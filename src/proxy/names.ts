import { NodePaths } from '../fault/match/node-paths.ts';
import type { DirectoryName, MountArgs, NfsArgs, NfsResult, WireCall, WireReply } from '../nfs/index.ts';
import { mount } from '../nfs/index.ts';
import { ROOT_NODE } from '../vfs/index.ts';

/** How many handles are remembered; the least recently seen is forgotten. */
const HANDLES_MOST = 100_000;

/**
 * The paths of files, as far as messages told them: the export's as MNT had it, and names from LOOKUP, CREATE, READDIRPLUS and
 * the like. A directory that nobody looked up while this listened is `/?2`, `/?3`, ...
 */
export class HandleNames {
  readonly #paths = new NodePaths();
  /** Nodes by handle, the least recently seen first. */
  readonly #nodes = new Map<string, number>();
  #next = ROOT_NODE + 1;

  /** Every path that a call is about. */
  of(call: WireCall): readonly string[] {
    const names = directoryNames(call).flatMap(({ dir, name }) => this.#paths.ofName(this.#node(dir), name));
    const handles = fileHandles(call).flatMap((handle) => this.#paths.of(this.#node(handle)));
    if (call.program === mount && typeof call.args.path === 'string') return [call.args.path];
    return [...names, ...handles];
  }

  /** What a reply says about names. */
  learn({ call, status, result }: WireReply): void {
    const { args, program, procedure } = call;
    if (program === mount) {
      if (procedure === 'MNT' && status === 'OK')
        this.#mounted((args as MountArgs<'MNT'>).path, result?.handle as Uint8Array);
      return;
    }
    const [first, second] = directoryNames(call);
    if (status !== 'OK') {
      if (procedure === 'LOOKUP' && status === 'NOENT') this.#paths.removed(this.#node(first.dir), first.name);
      return;
    }
    switch (procedure) {
      case 'LOOKUP':
      case 'CREATE':
      case 'MKDIR':
      case 'SYMLINK':
      case 'MKNOD':
        if (result?.object !== undefined) this.#entered(first.dir, first.name, result.object as Uint8Array);
        return;
      case 'LINK':
        this.#entered(first.dir, first.name, (args as NfsArgs<'LINK'>).file);
        return;
      case 'REMOVE':
      case 'RMDIR':
        this.#paths.removed(this.#node(first.dir), first.name);
        return;
      case 'RENAME':
        this.#paths.renamed(this.#node(first.dir), first.name, this.#node(second.dir), second.name);
        return;
      case 'READDIRPLUS':
        for (const { name, handle } of (result as NfsResult<'READDIRPLUS'> & { readonly status: 'OK' }).entries)
          if (handle !== undefined) this.#entered((args as NfsArgs<'READDIRPLUS'>).dir, name, handle);
    }
  }

  #entered(dir: Uint8Array, name: string, handle: Uint8Array): void {
    if (name !== '.' && name !== '..') this.#name(this.#node(dir), name, handle);
  }

  #mounted(path: string, handle: Uint8Array): void {
    const components = path.split('/').filter((component) => component !== '');
    const last = components.pop();
    if (last === undefined) {
      this.#nodes.set(key(handle), ROOT_NODE);
      return;
    }
    let parent = ROOT_NODE;
    for (const component of components) {
      const node = this.#paths.child(parent, component) ?? this.#next++;
      this.#paths.entered(parent, component, node);
      parent = node;
    }
    this.#name(parent, last, handle);
  }

  #name(parent: number, name: string, handle: Uint8Array): void {
    const node = this.#node(handle);
    this.#paths.entered(parent, name, node);
    this.#paths.removed(ROOT_NODE, unknown(node));
  }

  #node(handle: Uint8Array): number {
    const id = key(handle);
    const known = this.#nodes.get(id);
    const node = known ?? this.#next++;
    this.#nodes.delete(id);
    this.#nodes.set(id, node);
    if (known === undefined) this.#paths.entered(ROOT_NODE, unknown(node), node);
    const [oldest] = this.#nodes;
    if (this.#nodes.size > HANDLES_MOST) {
      this.#nodes.delete(oldest[0]);
      this.#paths.forgotten(oldest[1], Number.POSITIVE_INFINITY);
    }
    return node;
  }
}

const unknown = (node: number): string => `?${node}`;

const key = (handle: Uint8Array): string =>
  Buffer.from(handle.buffer, handle.byteOffset, handle.length).toString('latin1');

/** The names in directories that a call gives, in the order of its arguments. */
function directoryNames({ args }: WireCall): readonly DirectoryName[] {
  return Object.values(args).filter(
    (value): value is DirectoryName => typeof value === 'object' && value !== null && 'dir' in value && 'name' in value,
  );
}

/** The handles that a call gives beside those of directories in which it names something. */
function fileHandles({ args }: WireCall): readonly Uint8Array[] {
  return [args.file, args.object, args.symlink, args.dir].filter((value) => value instanceof Uint8Array);
}
