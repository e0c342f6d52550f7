import { readFileSync } from 'node:fs';
import { nodeEnvironment } from '../../env/index.ts';
import { filesystems } from '../../filesystems/index.ts';
import { makeFileSystem } from '../../fuse/device/index.ts';
import { MountError, resolveFileSystem } from '../../mount/index.ts';
import {
  type Export,
  listHabits,
  NfsServer,
  parseExport,
  parseHabit,
  type ServerHabits,
  type Volume,
} from '../../nfs/index.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { exitCode, parseOptions, UsageError, wholeNumber } from '../usage.ts';

const help = `estale serve nfs <filesystem> [options]

Serves a filesystem over NFSv3, MOUNT on the same port, until Ctrl-C. Filesystems: ram, hello, loopback:DIR, or the path of a
module (./mine.js) whose default export is a factory. See docs/nfs.md.

  --export LINE     as in exports(5): '/export *.example(rw,no_root_squash) 10.0.0.0/8(ro)'; may be repeated. The filesystem
                    is at the first one's path. Default: '/export *(rw,no_root_squash)'
  --volume PATH=FS  another filesystem below, on a directory that is there; may be repeated
  --port P          0 takes a free one; default 2049
  --host ADDRESS    where to listen; default 127.0.0.1
  --habit H         a bad habit, as NAME=CHOICE; may be repeated:
${listHabits()
  .map((line) => `                      ${line}`)
  .join('\n')}

Exit code: 0 after Ctrl-C, 1 it could not serve, 2 usage error.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('serve', args, {
    export: { type: 'string', multiple: true },
    volume: { type: 'string', multiple: true },
    port: { type: 'string' },
    host: { type: 'string' },
    habit: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const [protocol, filesystem] = positionals;
  if (positionals.length !== 2 || protocol !== 'nfs')
    throw new UsageError(`serve: expected nfs and a filesystem, given ${positionals.join(' ') || 'nothing'}`);
  const port = wholeNumber('port', values.port ?? '2049', 0, 65535);
  const exports = (values.export ?? ['/export *(rw,no_root_squash)']).map((line) => usage(() => parseExport(line)));
  const habits: Partial<ServerHabits> = Object.assign(
    {},
    ...(values.habit ?? []).map((text) => usage(() => parseHabit(text))),
  );
  const volumes = [await openVolume(exports[0].path, filesystem)];
  for (const text of values.volume ?? []) volumes.push(await parseVolume(text));
  return serve(exports, volumes, habits, values.host ?? '127.0.0.1', port);
}

async function serve(
  exports: readonly Export[],
  volumes: readonly Volume[],
  habits: Partial<ServerHabits>,
  host: string,
  port: number,
): Promise<number> {
  const interrupt = listenForInterrupt();
  const names = hostNames();
  const server = new NfsServer(nodeEnvironment(), {
    volumes,
    exports,
    habits,
    nameOf: (address) => names.get(address.replace(/^::ffff:/, '')),
    report: (problem, error) => console.error(`estale: ${problem}`, ...(error === undefined ? [] : [error])),
  });
  try {
    await server.start();
    const taken = await server.listen(host, port);
    const paths = exports.map(({ path }) => path).join(', ');
    console.log(`serving ${paths} on ${host}:${taken}; Ctrl-C ends it`);
    const { signal } = interrupt;
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    return exitCode.nothingFound;
  } catch (error) {
    console.error(`estale: ${error instanceof Error ? error.message : String(error)}`);
    return exitCode.found;
  } finally {
    interrupt.stop();
    server.close();
  }
}

function parseVolume(text: string): Promise<Volume> {
  const [at, ...rest] = text.split('=');
  if (!at.startsWith('/') || rest.length === 0)
    throw new UsageError(`--volume: expected PATH=FILESYSTEM with an absolute path, given "${text}"`);
  return openVolume(at, rest.join('='));
}

async function openVolume(at: string, word: string): Promise<Volume> {
  try {
    const source = resolveFileSystem(word, filesystems);
    return { at, filesystem: await makeFileSystem(source, (line) => console.error(`estale: ${line}`)) };
  } catch (error) {
    if (error instanceof MountError) throw new UsageError(error.message);
    throw new UsageError(`filesystem ${word}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What the text of an option means. @throws UsageError with what is wrong */
function usage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Names of hosts by their address, from /etc/hosts. */
function hostNames(): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  let lines: readonly string[] = [];
  try {
    lines = readFileSync('/etc/hosts', 'utf8').split('\n');
  } catch {
    // A host without the file knows no names.
  }
  for (const line of lines) {
    const [address, name] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (name !== undefined && !names.has(address)) names.set(address, name);
  }
  return names;
}
