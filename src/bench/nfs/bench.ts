import { parseArgs } from 'node:util';
import type { Connection } from '../../env/index.ts';
import { ram } from '../../filesystems/index.ts';
import {
  type ArgsOf,
  type Credential,
  decodeResult,
  encodeCall,
  mount,
  type NfsArgs,
  type NfsProcedure,
  type NfsResult,
  NfsServer,
  nfs,
  type ProcedureName,
  type Program,
  RecordReader,
  type ResultOf,
  readReply,
  XdrWriter,
} from '../../nfs/index.ts';
import { SimulatedNetwork, Surroundings, VirtualClock } from '../../sim/index.ts';
import { median } from '../median.ts';

/** Calls that the client has under way. */
const WINDOW = 16;
const credential: Credential = { flavor: 'SYS', stamp: 0, machine: 'bench', uid: 0, gid: 0, groups: [] };

/** A client with one connection of the simulated network, in virtual time. */
class Caller {
  readonly #clock: VirtualClock;
  readonly #connection: Connection;
  readonly #writer = new XdrWriter();
  readonly #answers: { readonly results: ReturnType<typeof readReply>['results'] }[] = [];
  #xid = 0;

  constructor(clock: VirtualClock, connection: Connection) {
    this.#clock = clock;
    this.#connection = connection;
    const records = new RecordReader((record) => {
      const { reply, results } = readReply(record);
      if (reply.status !== 'SUCCESS') throw new Error(`expected SUCCESS, given ${reply.status}`);
      this.#answers.push({ results });
    });
    connection.onData((data) => records.push(data));
  }

  /** Makes the calls at once and lets time pass until they are answered; each must be OK. */
  all<Name extends NfsProcedure>(name: Name, calls: readonly NfsArgs<Name>[]): readonly NfsResult<Name>[] {
    return this.of(nfs, name, calls);
  }

  of<P extends Program, Name extends ProcedureName<P>>(
    program: P,
    name: Name,
    calls: readonly ArgsOf<P, Name>[],
  ): readonly ResultOf<P, Name>[] {
    for (const args of calls)
      this.#connection.write(encodeCall(this.#writer, program, name, args, this.#xid++ >>> 0, credential));
    pass(this.#clock);
    if (this.#answers.length !== calls.length)
      throw new Error(`${name}: expected ${calls.length} replies, given ${this.#answers.length}`);
    return this.#answers.splice(0).map(({ results }) => {
      const result = decodeResult(program, name, results);
      const { status } = result as { readonly status?: string };
      if (status !== 'OK') throw new Error(`${name}: ${status}`);
      return result;
    });
  }
}

/** Runs all timers. */
function pass(clock: VirtualClock): void {
  while (clock.nextTimer !== Number.POSITIVE_INFINITY) {
    clock.nanoseconds = Math.max(clock.nanoseconds, clock.nextTimer);
    clock.takeDue()?.callback();
  }
}

async function connected(): Promise<{ readonly caller: Caller; readonly root: Uint8Array }> {
  const clock = new VirtualClock();
  const hosts = new SimulatedNetwork(clock, { latency: 0.1 });
  const { environment } = new Surroundings(clock, 1, { network: hosts.from('server') });
  const server = new NfsServer(environment, {
    volumes: [{ at: '/export', filesystem: ram(environment, {}) }],
    exports: [{ path: '/export', clients: [{ hosts: '*', options: { squash: 'none' } }] }],
  });
  await server.start();
  await server.listen('server', 2049);
  const connecting = hosts.from('client').connect('server', 2049);
  pass(clock);
  const caller = new Caller(clock, await connecting);
  const [mounted] = caller.of(mount, 'MNT', [{ path: '/export' }]);
  if (mounted.status !== 'OK') throw new Error(`MNT: ${mounted.status}`);
  return { caller, root: mounted.handle };
}

interface Workload {
  readonly title: string;
  /** Calls of one turn. */
  readonly calls: number;
  turn(caller: Caller, root: Uint8Array, file: Uint8Array, turn: number): void;
}

const times = <T>(make: (i: number) => T): readonly T[] => Array.from({ length: WINDOW }, (_, i) => make(i));
const transfer = (size: number): readonly Workload[] => {
  const data = new Uint8Array(size).fill(1);
  return [
    {
      title: `READ ${size / 1024} KiB`,
      calls: WINDOW,
      turn: (caller, _root, file) =>
        caller.all(
          'READ',
          times(() => ({ file, offset: 0, count: size })),
        ),
    },
    {
      title: `WRITE ${size / 1024} KiB`,
      calls: WINDOW,
      turn: (caller, _root, file) =>
        caller.all(
          'WRITE',
          times(() => ({ file, offset: 0, count: size, stable: 'UNSTABLE', data })),
        ),
    },
  ];
};

const workloads: readonly Workload[] = [
  {
    title: 'GETATTR',
    calls: WINDOW,
    turn: (caller, _root, file) =>
      caller.all(
        'GETATTR',
        times(() => ({ object: file })),
      ),
  },
  {
    title: 'LOOKUP',
    calls: WINDOW,
    turn: (caller, root) =>
      caller.all(
        'LOOKUP',
        times(() => ({ what: { dir: root, name: 'file' } })),
      ),
  },
  ...transfer(4096),
  ...transfer(65536),
  {
    title: 'CREATE and REMOVE',
    calls: 2 * WINDOW,
    turn(caller, dir, _file, turn) {
      const names = times((i) => ({ dir, name: `new-${turn}-${i}` }));
      caller.all(
        'CREATE',
        names.map((where) => ({ where, how: { mode: 'GUARDED', attributes: { mode: 0o644 } } })),
      );
      caller.all(
        'REMOVE',
        names.map((object) => ({ object })),
      );
    },
  },
];

/**
 * RPCs a second of CPU time: client and server, both ends of the wire protocol, the simulated network in virtual time, and
 * the ram filesystem.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '9' }, ms: { type: 'string', default: '200' } },
  });
  const { caller, root } = await connected();
  const [made] = caller.all('CREATE', [
    { where: { dir: root, name: 'file' }, how: { mode: 'GUARDED', attributes: { mode: 0o644 } } },
  ]);
  if (made.status !== 'OK' || made.object === undefined) throw new Error('CREATE gave no handle');
  const file = made.object;
  caller.all('WRITE', [{ file, offset: 0, count: 65536, stable: 'UNSTABLE', data: new Uint8Array(65536) }]);
  console.log('| simulated NFS | thousand RPCs per CPU second |\n|---|---|');
  let turn = 0;
  for (const workload of workloads) {
    const speeds: number[] = [];
    for (let round = 0; round <= Number(values.rounds); round++) {
      const start = performance.now();
      const before = process.cpuUsage();
      let calls = 0;
      for (; performance.now() - start < Number(values.ms); calls += workload.calls)
        workload.turn(caller, root, file, turn++);
      const { user, system } = process.cpuUsage(before);
      // The first round warms up.
      if (round > 0) speeds.push((calls * 1000) / (user + system));
    }
    console.log(`| ${workload.title} | ${Math.round(median(speeds))} |`);
  }
  return 0;
}
