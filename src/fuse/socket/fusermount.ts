import type { ChildProcess } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { isRoot } from './credentials.ts';
import { pidfdGetfd, pidfdOpen, sendDescriptor } from './libc.ts';
import type { Workshop } from './workshop.ts';

const names = ['fusermount', 'fusermount3', 'mergerfs-fusermount'] as const;
/** Where libfuse looks for it before it follows PATH. */
const folders = ['/bin', '/usr/bin', '/usr/local/bin'] as const;

/**
 * Stands where fusermount does. It says who it is and which descriptor of its own the daemon listens at, and waits until
 * that has got the link. A shell starts fifty times as fast as Node.
 */
const script = `#!/bin/sh
[ -n "$_FUSE_COMMFD" ] || exit 0
echo "$$ $_FUSE_COMMFD" >&4
read -r done <&4
`;

/** Binds the stand-in (the first argument) over the paths up to `--`, and becomes the rest. */
const binding = `
stand_in=$1; shift
while [ "$1" != -- ]; do mount --bind "$stand_in" "$1" || exit 127; shift; done
shift
exec "$@"
`;

interface StandIn {
  readonly environment: NodeJS.ProcessEnv;
  /** The script, and the paths that it stands for. */
  readonly paths: readonly string[];
}

export function writeStandIn({ standIns }: Workshop): StandIn {
  mkdirSync(standIns, { recursive: true });
  for (const name of names) {
    writeFileSync(join(standIns, name), script);
    chmodSync(join(standIns, name), 0o755);
  }
  const fixed = folders.flatMap((folder) => names.map((name) => join(folder, name))).filter((path) => existsSync(path));
  return {
    environment: { ...process.env, PATH: `${standIns}:${process.env.PATH ?? ''}` },
    paths: [join(standIns, names[0]), ...new Set(fixed.map((path) => realpathSync(path)))],
  };
}

/** The words before a command that run it with the stand-in in a mount namespace of its own. */
export function withStandIn(paths: readonly string[]): readonly string[] {
  return ['unshare', isRoot() ? '-m' : '-rm', '--', '/bin/sh', '-c', binding, 'sh', ...paths, '--'];
}

/** Waits for the stand-in of a daemon, and gives the daemon its descriptor through it. False: it ended without having asked. */
export function serveFusermount(child: ChildProcess, fd: number): Promise<boolean> {
  const channel = child.stdio[4];
  if (!(channel instanceof Duplex)) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    let text = '';
    channel.on('error', () => resolve(false));
    channel.on('close', () => resolve(false));
    channel.setEncoding('utf8').on('data', (data: string) => {
      text += data;
      if (!text.endsWith('\n')) return;
      const [pid, socket] = text.trim().split(' ').map(Number);
      try {
        pass(pid, socket, fd);
        channel.write('done\n', () => resolve(true));
      } catch (error) {
        reject(error);
      }
    });
  });
}

function pass(pid: number, socket: number, fd: number): void {
  const process = pidfdOpen(pid);
  try {
    const copy = pidfdGetfd(process, socket);
    try {
      sendDescriptor(copy, fd);
    } finally {
      closeSync(copy);
    }
  } finally {
    closeSync(process);
  }
}
