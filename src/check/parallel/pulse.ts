import { type SyscallName, syscalls } from '../../vfs/index.ts';
import type { Hang, Stop } from '../hang.ts';
import type { Watch } from '../watch.ts';

const names = Object.keys(syscalls) as SyscallName[];
const numbers = new Map(names.map((name, i) => [name, i]));

const BEAT = 0;
const RUN = 1;
const ATTEMPT = 2;
const PLACE = 3;
const STEP = 4;
const OP = 5;
const JUDGED = 6;
const CELLS = 7;
/** Cells of a cache line: what other threads write is not to be in the same one. */
const LINE = 16;

const places = ['start', 'call', 'end'] as const;

/** Where a thread is, in memory that it shares with the one that supervises it. */
export class Pulse implements Watch {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(memory = new SharedArrayBuffer(3 * LINE * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory, LINE * Int32Array.BYTES_PER_ELEMENT, CELLS);
    this.begin(0);
  }

  /** Another order, or another program of the campaign, is begun. */
  begin(run: number): void {
    this.#set(RUN, run);
    this.#set(ATTEMPT, -1);
    this.#beat();
  }

  program(): void {
    Atomics.add(this.#cells, ATTEMPT, 1);
    this.#stop('start', 0);
  }

  call(step: number, op: SyscallName, judged: number): void {
    this.#set(STEP, step);
    this.#set(OP, numbers.get(op) ?? 0);
    this.#stop('call', judged);
  }

  end(judged: number): void {
    this.#stop('end', judged);
  }

  /** Changes with everything that the thread does. */
  get beat(): number {
    return this.#get(BEAT);
  }

  /** The program of the campaign that is under way. */
  get run(): number {
    return this.#get(RUN);
  }

  get where(): Pick<Hang, 'attempt' | 'stop' | 'judged'> {
    const at = places[this.#get(PLACE)];
    const stop: Stop = at === 'call' ? { at, step: this.#get(STEP), op: names[this.#get(OP)] } : { at };
    return { attempt: this.#get(ATTEMPT), stop, judged: this.#get(JUDGED) };
  }

  #stop(at: Stop['at'], judged: number): void {
    this.#set(PLACE, places.indexOf(at));
    this.#set(JUDGED, judged);
    this.#beat();
  }

  #beat(): void {
    Atomics.add(this.#cells, BEAT, 1);
  }

  #set(cell: number, value: number): void {
    Atomics.store(this.#cells, cell, value);
  }

  #get(cell: number): number {
    return Atomics.load(this.#cells, cell);
  }
}
