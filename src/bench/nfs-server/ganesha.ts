import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why nfs-ganesha cannot run here; undefined where it can. */
export function whyNoGanesha(): string | undefined {
  if (process.getuid?.() !== 0) return 'nfs-ganesha needs root';
  const missing = ['ganesha.nfsd', 'rpcbind'].filter((name) => spawnSync('which', [name]).status !== 0);
  return missing.length === 0 ? undefined : `${missing.join(' and ')} missing: run scripts/install-debian-packages`;
}

/** nfs-ganesha with one directory of this host's disk, version 3 alone, on ports of its own; rpcbind where none is running. */
export class Ganesha {
  /** The directory that is exported. */
  readonly directory: string;
  readonly #place = mkdtempSync(join(tmpdir(), 'estale-ganesha-'));
  readonly port: number;
  readonly mountport: number;
  readonly #core: number | undefined;
  #rpcbind: ChildProcess | undefined;
  #server: ChildProcess | undefined;

  private constructor(ports: readonly number[], core: number | undefined) {
    [this.port, this.mountport] = ports;
    this.#core = core;
    this.directory = join(this.#place, 'export');
    mkdirSync(this.directory);
    mkdirSync(join(this.#place, 'recovery'));
    writeFileSync(
      join(this.#place, 'ganesha.conf'),
      `NFS_CORE_PARAM { NFS_Port = ${this.port}; MNT_Port = ${this.mountport}; Protocols = 3;
         Enable_NLM = false; Enable_RQUOTA = false; Bind_Addr = 127.0.0.1; }
       NFSv4 { Graceless = true; RecoveryRoot = ${join(this.#place, 'recovery')}; }
       EXPORT { Export_Id = 1; Path = ${this.directory}; Pseudo = /export; Protocols = 3; Access_Type = RW;
         Squash = no_root_squash; Sectype = sys; FSAL { Name = VFS; } }
       LOG { Default_Log_Level = EVENT; }`,
    );
  }

  /** Starts it, on one core where that is given. */
  static async start(core?: number): Promise<Ganesha> {
    const ganesha = new Ganesha([await freePort(), await freePort()], core);
    try {
      if (spawnSync('pgrep', ['-x', 'rpcbind']).status !== 0) {
        ganesha.#rpcbind = spawn('rpcbind', ['-f', '-w'], { stdio: 'ignore' });
        await answering(111);
      }
      await ganesha.#run();
    } catch (error) {
      await ganesha.stop();
      throw error;
    }
    return ganesha;
  }

  /** The export, with options. */
  url(options = ''): string {
    return `nfs://127.0.0.1${this.directory}?port=${this.port}&mountport=${this.mountport}${options}`;
  }

  /** kill -9, and another one with the same disk. */
  async restart(): Promise<void> {
    await this.#kill();
    await this.#run();
  }

  async stop(): Promise<void> {
    await this.#kill();
    this.#rpcbind?.kill('SIGKILL');
    rmSync(this.#place, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    const at = (name: string) => join(this.#place, name);
    const args = ['-F', '-L', at('log'), '-f', at('ganesha.conf'), '-p', at('pid')];
    const [command, ...rest] = [...pinned(this.#core), 'ganesha.nfsd', ...args];
    this.#server = spawn(command, rest, { stdio: 'ignore' });
    try {
      await answering(this.port);
      await answering(this.mountport);
    } catch (error) {
      const log = existsSync(at('log')) ? readFileSync(at('log'), 'utf8') : '(none)';
      throw new Error(`nfs-ganesha does not start: ${(error as Error).message}; its log:\n${log}`);
    }
  }

  async #kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await ended;
    this.#server = undefined;
    rmSync(join(this.#place, 'pid'), { force: true });
  }
}

/** What runs a command on one core alone. */
const pinned = (core: number | undefined): readonly string[] =>
  core === undefined ? [] : ['taskset', '-c', String(core)];

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Waits until somebody takes connections on a port of this host, for half a minute. */
async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
      socket.once('connect', () => socket.destroy());
    });
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`nobody takes connections on port ${port}`);
}
