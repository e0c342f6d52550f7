import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MountError } from '../error.ts';
import { type MountEntry, mountAt } from '../mount-table.ts';
import { type FaultCommand, runFaultCommand } from './command.ts';
import type { MountFaults } from './mount-faults.ts';

/** Characters of the longest command: a plan and what is around it. */
const MOST = 2 << 20;
/** Milliseconds that either side waits for the other. */
const BOUND = 10_000;

type Answer = { readonly lines: readonly string[] } | { readonly error: string };

const userId = (): number => process.getuid?.() ?? 0;

/** A directory that only this user can enter. */
function privateDirectory(): string {
  const directory = join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), `estale-${userId()}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(directory);
  if (uid !== userId() || (mode & 0o170077) !== 0o040000)
    throw new MountError(
      'bad-option',
      `${directory}: expected a directory that is yours alone (mode 0700), given one of user ${uid} with mode 0${(mode & 0o7777).toString(8)}; remove it`,
    );
  return directory;
}

/** The number of a FUSE connection belongs to no other mount of this host while it lives. */
export const controlSocketPath = (entry: Pick<MountEntry, 'device'>): string =>
  join(privateDirectory(), `fault-${entry.device.replace(':', '-')}.socket`);

/** Listens for commands about the faults of a mount, mode 0600, until the returned function is called or the process ends. */
export async function openControlSocket(entry: Pick<MountEntry, 'device'>, faults: MountFaults): Promise<() => void> {
  const path = controlSocketPath(entry);
  // One of that name is left from a process that was killed.
  rmSync(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.unref();
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(BOUND, () => socket.destroy());
    let text = '';
    socket.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (text.length > MOST) socket.destroy();
    });
    socket.on('end', () => socket.end(JSON.stringify(answer(faults, text))));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  server.unref();
  const remove = (): void => rmSync(path, { force: true });
  process.once('exit', remove);
  return () => {
    process.off('exit', remove);
    server.close();
    for (const socket of open) socket.destroy();
    remove();
  };
}

function answer(faults: MountFaults, text: string): Answer {
  try {
    return { lines: runFaultCommand(faults, JSON.parse(text) as FaultCommand) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Gives a command to the process that has mounted with faults on a directory (resolved); gives the lines of its answer.
 *
 * @throws MountError that says what is wrong
 */
export async function askMount(directory: string, command: FaultCommand): Promise<readonly string[]> {
  const entry = mountAt(directory);
  if (entry === undefined || !entry.type.startsWith('fuse')) {
    const there = entry === undefined ? 'nothing is mounted there' : `${entry.type} is mounted there`;
    throw new MountError('bad-option', `${directory}: expected a mount of estale's, ${there}`);
  }
  const answered = JSON.parse(await exchange(entry, JSON.stringify(command))) as Answer;
  if ('error' in answered) throw new MountError('bad-option', answered.error);
  return answered.lines;
}

function exchange(entry: MountEntry, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string): void => reject(new MountError('bad-option', `${entry.mountPoint}: ${why}`));
    const socket = connectTo({ path: controlSocketPath(entry) });
    let text = '';
    socket.setTimeout(BOUND, () => socket.destroy(new Error('it does not answer')));
    socket.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
        refuse('expected a mount with faults, it was mounted without --faults, or by another user');
      else refuse(error.message);
    });
    socket.once('end', () => (text === '' ? refuse('it gave no answer') : resolve(text)));
    socket.once('connect', () => socket.end(request));
  });
}
