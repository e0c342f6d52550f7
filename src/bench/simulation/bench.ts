import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import type { FileSystemFactory } from '../../env/index.ts';
import { ram } from '../../filesystems/index.ts';
import { type MountOptions, type SimKernel, simulate } from '../../sim/index.ts';
import { type Call, type FileSystem, O_CREAT, O_RDONLY, O_RDWR, root } from '../../vfs/index.ts';
import { median } from '../median.ts';
import { bytesPerInode } from './heap.ts';

const PROCESSES = 8;
const FILES = 64;
const PAGE = 4096;
/** Rounds that are not counted. */
const WARM_UP = 5;

interface Workload {
  readonly title: string;
  /** The calls of one process for one turn; `p` numbers the process. */
  calls(p: number): readonly Call[];
}

const path = (p: number, i: number): string => `/d${p}/f${i}`;
const each = (make: (i: number) => Call): readonly Call[] => Array.from({ length: FILES }, (_, i) => make(i));

const workloads: readonly Workload[] = [
  { title: 'stat', calls: (p) => each((i) => ({ op: 'stat', path: path(p, i) })) },
  { title: 'fstat', calls: () => each(() => ({ op: 'fstat', fd: 3 })) },
  { title: 'pread 4K', calls: () => each(() => ({ op: 'pread', fd: 3, size: PAGE, offset: 0 })) },
  {
    title: 'pwrite 4K',
    calls: () => each(() => ({ op: 'pwrite', fd: 3, data: { seed: 0, length: PAGE }, offset: 0 })),
  },
  {
    title: 'create + write 4K + close + unlink',
    calls: (p) =>
      Array.from({ length: FILES }, (_, i) => i).flatMap((i): readonly Call[] => [
        { op: 'open', path: `/d${p}/n${i}`, flags: O_CREAT | O_RDWR, mode: 0o644, into: 4 },
        { op: 'write', fd: 4, data: { seed: 0, length: PAGE } },
        { op: 'close', fd: 4 },
        { op: 'unlink', path: `/d${p}/n${i}` },
      ]),
  },
];

type Drive = (kernel: SimKernel, calls: readonly (readonly Call[])[]) => void | Promise<void>;

/** One process, one call after the other: each request is delivered within the call. */
const inline: Drive = (kernel, calls) => {
  calls.forEach((list, p) => {
    for (const call of list) kernel.call(p + 1, call);
  });
};

/** Every process has a call under way: requests queue, and the scheduler decides. */
const scheduled: Drive = async (kernel, calls) => {
  for (let i = 0; i < calls[0].length; i++) {
    for (let p = 0; p < PROCESSES; p++) kernel.submit(p + 1, calls[p][i]);
    const running = kernel.run();
    if (running !== undefined) await running;
  }
};

/** The same filesystem, each of whose methods answers with a promise. */
const promising: FileSystemFactory = (environment, options) => {
  const filesystem = ram(environment, options);
  return new Proxy(filesystem, {
    get(target, name) {
      if (name === 'mode') return 'async';
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || name === 'forget' || name === 'init' || name === 'destroy')
        return typeof member === 'function' ? member.bind(target) : member;
      return async (...parameters: unknown[]) => Reflect.apply(member, target, parameters);
    },
  }) satisfies FileSystem;
};

interface Mode {
  readonly title: string;
  readonly factory: FileSystemFactory;
  readonly drive: Drive;
}

const modes: readonly Mode[] = [
  { title: 'inline', factory: ram, drive: inline },
  { title: `scheduled, ${PROCESSES} processes`, factory: ram, drive: scheduled },
  { title: 'asynchronous handlers', factory: promising, drive: scheduled },
];

async function prepare(factory: FileSystemFactory, mount: MountOptions, observe?: () => void): Promise<SimKernel> {
  const kernel = simulate(factory, { mount, observe });
  for (let p = 0; p < PROCESSES; p++) {
    kernel.spawn(p + 1, root);
    await kernel.call(p + 1, { op: 'mkdir', path: `/d${p}`, mode: 0o755 });
    for (let i = 0; i < FILES; i++) {
      await kernel.call(p + 1, { op: 'open', path: path(p, i), flags: O_CREAT | O_RDWR, mode: 0o644, into: 3 });
      await kernel.call(p + 1, { op: 'write', fd: 3, data: { seed: 0, length: PAGE } });
    }
    await kernel.call(p + 1, { op: 'open', path: path(p, 0), flags: O_RDWR | O_RDONLY, mode: 0, into: 3 });
  }
  return kernel;
}

/** Requests that one turn of a workload sends. */
async function requestsOf({ factory, drive }: Mode, calls: readonly (readonly Call[])[]): Promise<number> {
  let messages = 0;
  const kernel = await prepare(factory, uncached, () => {
    messages += 1;
  });
  messages = 0;
  await drive(kernel, calls);
  await kernel.close();
  return messages / 2;
}

/** Every call reaches the filesystem. */
const uncached: MountOptions = { directIo: true };
/** Names, attributes and data stay with the kernel, and what is written goes to the filesystem later. */
const cached: MountOptions = {
  entryTimeout: 1e6,
  attributeTimeout: 1e6,
  autoInvalData: false,
  keepCache: true,
  writebackCache: true,
};

/** What one process measures. */
interface Measurement {
  readonly workload: string;
  readonly mode: string;
  /** Whether calls are answered by the caches: then calls are counted, and else requests. */
  readonly cached: boolean;
  readonly rounds: number;
  readonly milliseconds: number;
}

/** Requests or calls a second, the median of the rounds. */
async function measure({ workload, mode, cached: isCached, rounds, milliseconds }: Measurement): Promise<number> {
  const calls = callsOf(named(workloads, workload));
  const { factory, drive } = named(modes, mode);
  const kernel = await prepare(factory, isCached ? cached : uncached);
  const speeds: number[] = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const start = performance.now();
    let turns = 0;
    for (; performance.now() - start < milliseconds; turns++) await drive(kernel, calls);
    if (round >= WARM_UP) speeds.push((turns * 1000) / (performance.now() - start));
  }
  await kernel.close();
  const each = isCached ? PROCESSES * calls[0].length : await requestsOf(named(modes, mode), calls);
  return median(speeds) * each;
}

/** In a process of its own: what the others made of the compiler's view of the code has no part in it. */
async function measureApart(measurement: Measurement): Promise<number> {
  const arguments_ = [process.argv[1], 'simulation', '--measure', JSON.stringify(measurement)];
  const { stdout } = await promisify(execFile)(process.execPath, arguments_);
  return Number(stdout);
}

function named<T extends { readonly title: string }>(all: readonly T[], title: string): T {
  const found = all.find((one) => one.title === title);
  if (found === undefined) throw new Error(`expected one of ${all.map((one) => one.title).join(', ')}, given ${title}`);
  return found;
}

const callsOf = ({ calls }: Workload): readonly (readonly Call[])[] =>
  Array.from({ length: PROCESSES }, (_, p) => calls(p));

const row = (title: string, numbers: readonly number[]): string =>
  `| ${title} | ${numbers.map((number) => Math.round(number / 1000)).join(' | ')} |`;

/**
 * Requests a second that the simulated kernel and the ram filesystem exchange, both ends of the wire protocol and the trace
 * hash included, caches off; then system calls that the caches answer, and the memory of a cached inode. Each figure by one
 * thread, in a process of its own.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '15' },
      ms: { type: 'string', default: '60' },
      inodes: { type: 'string', default: '1000000' },
      measure: { type: 'string' },
    },
  });
  if (values.measure !== undefined) {
    console.log(await measure(JSON.parse(values.measure)));
    return 0;
  }
  const effort = { rounds: Number(values.rounds), milliseconds: Number(values.ms) };
  const rowOf = async ({ title }: Workload, among: readonly Mode[], isCached: boolean): Promise<string> => {
    const numbers: number[] = [];
    for (const mode of among)
      numbers.push(await measureApart({ workload: title, mode: mode.title, cached: isCached, ...effort }));
    return row(title, numbers);
  };
  console.log(`| thousand requests/s | ${modes.map(({ title }) => title).join(' | ')} |`);
  console.log(`|---|${modes.map(() => '---').join('|')}|`);
  for (const workload of workloads) console.log(await rowOf(workload, modes, false));
  console.log('\n| thousand cached calls/s | inline | scheduled |\n|---|---|---|');
  for (const workload of workloads) console.log(await rowOf(workload, modes.slice(0, 2), true));
  console.log(`\nheap of a cached inode with its name: ${Math.round(bytesPerInode(Number(values.inodes)))} bytes`);
  return 0;
}
