import { readFileSync } from 'node:fs';

/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountEntry {
  readonly id: number;
  /** `major:minor` of the filesystem; the minor is the number of a FUSE connection. */
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
}

/** The mounts of this process's mount namespace, the topmost last. */
export function mountTable(): MountEntry[] {
  return parseMountTable(readFileSync('/proc/self/mountinfo', 'utf8'));
}

export function parseMountTable(text: string): MountEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(' ');
      const separator = fields.indexOf('-', 6);
      return {
        id: Number(fields[0]),
        device: fields[2],
        mountPoint: unescapeMountField(fields[4]),
        type: fields[separator + 1],
        source: unescapeMountField(fields[separator + 2]),
      };
    });
}

/** What is mounted at exactly this path (resolved, no symbolic links), the topmost last. */
export function mountsAt(path: string): MountEntry[] {
  return mountTable().filter((entry) => entry.mountPoint === path);
}

/** The topmost of them. */
export function mountAt(path: string): MountEntry | undefined {
  return mountsAt(path).at(-1);
}

/** Whether a mount is the topmost one at its place, or below another that was mounted over it. */
export function whereIs(entry: MountEntry): 'on top' | 'covered' | 'gone' {
  const same = (other: MountEntry) => other.id === entry.id && other.device === entry.device;
  const there = mountsAt(entry.mountPoint);
  const index = there.findIndex(same);
  if (index < 0) return 'gone';
  return index === there.length - 1 ? 'on top' : 'covered';
}

/** Whether the topmost mount at the entry's place is still that mount. */
export function isStillMounted(entry: MountEntry): boolean {
  return whereIs(entry) === 'on top';
}

function unescapeMountField(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The spelling that mountinfo has for a path (seq_path_root escapes space, tab, newline and backslash). */
export function escapeMountField(path: string): string {
  return path.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
