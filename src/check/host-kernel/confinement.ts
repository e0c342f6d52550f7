import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { nameToBytes } from '../../vfs/index.ts';
import { check, libc } from './libc.ts';
import type { Target } from './protocol.ts';
import { STATFS_SIZE, statfsFlags } from './structs.ts';

const CLONE_NEWNS = 0x20000;
const CLONE_FS = 0x200;
const MS_RDONLY = 1;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_PRIVATE = 1 << 18;
const MNT_DETACH = 2;

/** A path or name as C takes it. */
export function cString(text: string): Buffer {
  const bytes = nameToBytes(text);
  const string = Buffer.alloc(bytes.length + 1);
  string.set(bytes);
  return string;
}

/**
 * Takes this process (its main thread) into a mount namespace of its own in which there is nothing but the target, without
 * devices and set-user-id. Other mounts of the host are not held: whoever unmounts one there is rid of it.
 */
export function prepare(target: Target): void {
  const c = libc();
  check(c.unshare(CLONE_NEWNS), 'unshare(CLONE_NEWNS)');
  check(c.mount(cString('none'), cString('/'), null, MS_REC | MS_PRIVATE, null), 'mount --make-rprivate /');
  // A scratch filesystem covers a directory that is there everywhere; nobody outside this namespace sees it.
  const root = 'directory' in target ? target.directory : tmpdir();
  if ('directory' in target) bind(root);
  else if (target.filesystem === 'tmpfs') {
    const options = cString(`size=${target.size},mode=0755`);
    check(c.mount(cString('estale'), cString(root), cString('tmpfs'), MS_NODEV | MS_NOSUID, options), 'mount tmpfs');
  } else loop(target.image, root);
  // The old root comes to lie on the new one, and goes (pivot_root(2), NOTES).
  check(c.chdir(cString(root)), `chdir ${root}`);
  check(c.pivot_root(cString('.'), cString('.')), `pivot_root ${root}`);
  check(c.umount2(cString('.'), MNT_DETACH), 'umount of the old root');
  check(c.chdir(cString('/')), 'chdir /');
}

function bind(directory: string): void {
  const c = libc();
  const path = cString(directory);
  const stat = Buffer.alloc(STATFS_SIZE);
  check(c.statfs(path, stat), `statfs ${directory}`);
  const kept = statfsFlags(stat) & (MS_RDONLY | MS_NOEXEC);
  check(c.mount(path, path, null, MS_BIND, null), `mount --bind ${directory}`);
  check(c.mount(null, path, null, MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOSUID | kept, null), `remount ${directory}`);
}

function loop(image: string, root: string): void {
  // mount(8) finds a free loop device and lets it go by itself when the last mount is gone.
  const { status, stderr, error } = spawnSync('mount', ['-t', 'ext4', '-o', 'loop,nodev,nosuid', image, root], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`mount -o loop: ${error?.message ?? stderr.trim()} (are there loop devices?)`);
}

/** Takes this process into a mount namespace that `prepare` made, by a descriptor of it: its root directory is the target. */
export function join(namespace: number): void {
  const c = libc();
  // setns(2) refuses a thread that shares its root and working directory with others.
  check(c.unshare(CLONE_FS), 'unshare(CLONE_FS)');
  check(c.setns(namespace, CLONE_NEWNS), 'setns');
  c.close(namespace);
}

const RLIMIT_FSIZE = 1;
const SIGXFSZ = 25;
const SIG_IGN = 1;

/** Files cannot grow beyond `bytes`: EFBIG. */
export function limitFileSize(bytes: number): void {
  const limits = Buffer.alloc(16);
  limits.writeBigUInt64LE(BigInt(bytes), 0);
  limits.writeBigUInt64LE(BigInt(bytes), 8);
  libc().signal(SIGXFSZ, SIG_IGN);
  check(libc().setrlimit(RLIMIT_FSIZE, limits), 'setrlimit(RLIMIT_FSIZE)');
}
