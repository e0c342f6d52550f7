import type { Call, Data } from '../../vfs/index.ts';
import type { Capability, Without } from '../profile.ts';
import type { ProgramProcess } from '../program.ts';
import type { Draw } from './draw.ts';
import { drawName, manyNames } from './names.ts';
import * as numbers from './numbers.ts';

/** Paths that are remembered as likely to exist. */
const REMEMBERED = 10;
/** Descriptors are drawn from few numbers, so that programs meet their own. */
const FIRST_FD = 3;
const FDS = 5;
const UIDS: readonly number[] = [0, 1000, 1001];
/** The last is one that users have besides their own. */
const GIDS: readonly number[] = [0, 1000, 1001, 2000];

/** Mappings and handles likewise. */
const SLOTS = 3;

export type Kind = 'none' | 'file' | 'directory' | 'path';

/**
 * One program in the making. It knows loosely what may exist by now, never by executing: it remembers paths and
 * descriptors that calls were drawn to make, whether or not they will.
 */
export class Making {
  readonly draw: Draw;
  /** Some programs use directories with many names, or files of many pages. */
  readonly #crowded: boolean;
  readonly #large: boolean;
  readonly without: Without;
  readonly processes: readonly ProgramProcess[];
  /** Pids: those of the start and the children. */
  readonly pids: number[];
  readonly directories: string[] = [];
  readonly files: string[] = [];
  /** What each of the small descriptor numbers of a process was last opened for. */
  readonly descriptors = new Map<number, Kind[]>();
  /** Which of the small numbers of a process may stand for a mapping, and what for its handles' files. */
  readonly #mappings = new Map<number, Kind[]>();
  readonly #handles = new Map<number, Kind[]>();
  /** Users other than root take part. */
  readonly isShared: boolean;
  /** The process whose call is drawn. */
  pid = 1;
  forked = 0;

  constructor(draw: Draw, without: Without, paths: readonly string[]) {
    this.draw = draw;
    this.#crowded = draw.chance(6);
    this.#large = draw.chance(6);
    this.without = without;
    this.processes = drawProcesses(draw, without);
    this.pids = this.processes.map(({ pid }) => pid);
    this.isShared = this.processes.some(({ uid }) => uid !== 0);
    this.files.push(...paths.slice(0, REMEMBERED));
  }

  /** Whether users other than root take part in a root directory that is theirs too. */
  get sharesRoot(): boolean {
    return this.has('write') && this.has('modes') && this.isShared && this.draw.chance(80);
  }

  /** Groups in which processes are besides their own; one that nobody is in, where there are none. */
  get sharedGroups(): readonly number[] {
    const groups = this.processes.flatMap((process) => process.groups);
    return groups.length > 0 ? groups : [2000];
  }

  /** The mode of a new file: of users', who lose them by writing, more have set-id bits. */
  fileMode(): number {
    const { draw } = this;
    const isPrivileged = this.isShared && draw.chance(15);
    return draw.of(isPrivileged ? numbers.privilegedModes : numbers.modes) & 0o7777;
  }

  has(capability: Capability): boolean {
    return !this.without.has(capability);
  }

  /** A path of the directory that a new name goes to, with its slash. */
  #directory(): string {
    const { draw, directories } = this;
    if (directories.length > 0 && draw.chance(45)) return `${draw.of(directories)}/`;
    return draw.chance(97) ? '/' : `/${this.#name()}/`;
  }

  #spoil(path: string): string {
    const { draw } = this;
    const dice = draw.below(100);
    if (dice >= 12) return path;
    if (dice < 3) return `${path}/`;
    if (dice < 5) return `${path}/.`;
    if (dice < 7) return `${path}/..`;
    if (dice < 8) return `/.${path}`;
    if (dice < 9) return `${path}//`;
    if (dice < 10) return path.replace('/', '//');
    if (dice < 11) return `${path}/${this.#name()}`;
    return draw.chance(30) ? '' : draw.chance(50) ? '/' : `${path}/../${this.#name()}`;
  }

  #relative(path: string): string {
    if (!this.has('working-directory') || !this.draw.chance(15) || path.charCodeAt(0) !== 47) return path;
    return path.slice(1);
  }

  /** A path where nothing may be yet. */
  fresh(): string {
    return this.#relative(this.#spoil(this.#directory() + this.#name()));
  }

  /** A path where nothing may be yet, in a directory that probably exists. */
  freshInside(): string {
    const { draw, directories } = this;
    const parent = directories.length > 0 ? draw.of(directories) : '';
    return this.#relative(this.#spoil(`${parent}/${this.#name()}`));
  }

  /** A path that probably exists: most often a file's. */
  some(): string {
    const { draw, files, directories } = this;
    const dice = draw.below(100);
    if (dice < 62 && files.length > 0) return this.#relative(this.#spoil(draw.of(files)));
    if (dice < 96 && directories.length > 0) return this.#relative(this.#spoil(draw.of(directories)));
    return dice < 98 ? this.fresh() : '/';
  }

  /** A path that is probably a file's. */
  someFile(): string {
    const { draw, files } = this;
    return files.length > 0 && draw.chance(88) ? this.#relative(this.#spoil(draw.of(files))) : this.some();
  }

  someDirectory(): string {
    const { draw, directories } = this;
    if (directories.length > 0 && draw.chance(88)) return this.#relative(this.#spoil(draw.of(directories)));
    return draw.chance(60) ? '/' : this.some();
  }

  remember(list: string[], path: string): void {
    if (path === '' || path.length > 600 || path.endsWith('.') || list.includes(path)) return;
    const plain = path.charCodeAt(0) === 47 ? path : `/${path}`;
    const clean = plain.endsWith('/') ? plain.slice(0, -1) : plain;
    if (clean === '') return;
    if (list.length >= REMEMBERED) list[this.draw.below(REMEMBERED)] = clean;
    else list.push(clean);
  }

  /** A path that probably is no more; sometimes it is drawn all the same. */
  forget(path: string): void {
    if (this.draw.chance(30)) return;
    for (const list of [this.files, this.directories]) {
      const at = list.indexOf(path);
      if (at >= 0) list.splice(at, 1);
    }
  }

  #own(pid: number): Kind[] {
    return slots(this.descriptors, pid, FDS);
  }

  /** A number for a new descriptor, most often a free one. */
  into(kind: Kind): number {
    return FIRST_FD + fill(this.draw, this.#own(this.pid), kind);
  }

  /** A descriptor, nearly always one that was opened for this. */
  fd(kind: Kind): number {
    const { draw } = this;
    const own = this.#own(this.pid);
    const start = draw.below(FDS);
    if (draw.chance(97))
      for (let i = 0; i < FDS; i++) if (own[(start + i) % FDS] === kind) return FIRST_FD + ((start + i) % FDS);
    return draw.chance(90) ? FIRST_FD + start : draw.chance(80) ? 20 : -1;
  }

  anyFd(): number {
    return this.fd(this.draw.chance(75) === this.hasFd('file') ? 'file' : 'directory');
  }

  closed(fd: number): number {
    const at = fd - FIRST_FD;
    const own = this.#own(this.pid);
    if (own[at] !== undefined) own[at] = 'none';
    return fd;
  }

  hasFd(kind: Kind): boolean {
    return this.descriptors.get(this.pid)?.includes(kind) ?? false;
  }

  /** A number for a new mapping. */
  intoMapping(): number {
    return fill(this.draw, slots(this.#mappings, this.pid, SLOTS), 'file');
  }

  hasMapping(): boolean {
    return this.#mappings.get(this.pid)?.includes('file') ?? false;
  }

  /** A mapping, nearly always one that was made. */
  mapping(): number {
    return pick(this.draw, slots(this.#mappings, this.pid, SLOTS), 'file');
  }

  unmapped(map: number): number {
    slots(this.#mappings, this.pid, SLOTS)[map] = 'none';
    return map;
  }

  /** A number for a handle of what was probably a file or directory. */
  intoHandle(kind: Kind): number {
    return fill(this.draw, slots(this.#handles, this.pid, SLOTS), kind);
  }

  hasHandle(kind: Kind): boolean {
    return this.#handles.get(this.pid)?.includes(kind) ?? false;
  }

  handle(kind: Kind): number {
    return pick(this.draw, slots(this.#handles, this.pid, SLOTS), kind);
  }

  forkTo(child: number): void {
    this.pids.push(child);
    for (const [owned, count] of [
      [this.descriptors, FDS],
      [this.#mappings, SLOTS],
      [this.#handles, SLOTS],
    ] as const)
      owned.set(child, [...slots(owned, this.pid, count)]);
  }

  /** Now and then the path is relative to a descriptor. */
  at(call: Extract<Call, { readonly dirfd?: number }>): Call {
    if (!this.has('directory-descriptors') || !this.draw.chance(6)) return call;
    const path = this.draw.chance(70) && call.path.charCodeAt(0) === 47 ? call.path.slice(1) : call.path;
    return { ...call, path, dirfd: this.fd('directory') };
  }

  #name(): string {
    return this.#crowded && this.draw.chance(60) ? this.draw.of(manyNames) : drawName(this.draw);
  }

  /** The size of what is read or written at once. */
  count(): number {
    return this.#large && this.draw.chance(40) ? this.draw.of(numbers.large) : numbers.drawCount(this.draw);
  }

  offset(): number {
    return this.#large && this.draw.chance(25) ? this.draw.of(numbers.large) : numbers.drawOffset(this.draw);
  }

  /** The size of a file, for truncate. */
  size(): number {
    return this.#large && this.draw.chance(30) ? this.draw.of(numbers.large) : numbers.drawSize(this.draw);
  }

  data(): Data {
    return { seed: this.draw.below(1000), length: this.count() };
  }

  uid(): number {
    return this.draw.chance(10) ? -1 : this.draw.of(UIDS);
  }

  gid(): number {
    return this.draw.chance(10) ? -1 : this.draw.of(GIDS);
  }
}

/** What a process's small numbers stand for. */
function slots(owned: Map<number, Kind[]>, pid: number, count: number): Kind[] {
  let own = owned.get(pid);
  if (own === undefined) {
    own = new Array<Kind>(count).fill('none');
    owned.set(pid, own);
  }
  return own;
}

/** A number for something new, most often a free one. */
function fill(draw: Draw, own: Kind[], kind: Kind): number {
  let at = draw.below(own.length);
  if (own[at] !== 'none' && draw.chance(70)) at = Math.max(0, own.indexOf('none'));
  own[at] = kind;
  return at;
}

/** A number, nearly always of something of this kind. */
function pick(draw: Draw, own: readonly Kind[], kind: Kind): number {
  const start = draw.below(own.length);
  if (draw.chance(97))
    for (let i = 0; i < own.length; i++) if (own[(start + i) % own.length] === kind) return (start + i) % own.length;
  return start;
}

function drawProcesses(draw: Draw, without: Without): readonly ProgramProcess[] {
  const umask = (usual: number): number =>
    without.has('umask') ? 0 : draw.chance(usual) ? 0o022 : draw.of(numbers.umasks);
  const root: ProgramProcess = { pid: 1, uid: 0, gid: 0, groups: [], umask: umask(80) };
  if (without.has('processes')) return [root];
  if (without.has('permissions') || without.has('ownership'))
    return draw.chance(85) ? [root] : [root, { ...root, pid: 2 }];
  const dice = draw.below(100);
  if (dice < 50) return [root];
  if (dice < 60) return [root, { ...root, pid: 2 }];
  // The usual umask leaves nobody but the owner the right to write.
  const users: readonly ProgramProcess[] = [
    { ...root, umask: umask(50) },
    { pid: 2, uid: 1000, gid: 1000, groups: draw.chance(50) ? [2000] : [], umask: umask(50) },
    { pid: 3, uid: 1001, gid: 1001, groups: draw.chance(50) ? [1000, 2000] : [], umask: umask(50) },
  ];
  return dice < 85 ? users.slice(0, 2) : users;
}
