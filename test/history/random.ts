import fc from 'fast-check';
import { Draw } from '../../src/check/arbitrary/draw.ts';
import { generateConcurrent } from '../../src/check/concurrent/generate.ts';
import { seededRandom } from '../../src/check/seed.ts';
import { ram } from '../../src/filesystems/index.ts';
import type { History, Operation } from '../../src/history/index.ts';
import { createSimulation, type PendingCall } from '../../src/sim/index.ts';
import { errnoNumbers, type SysResult } from '../../src/vfs/index.ts';

export interface RandomHistory {
  readonly processes: number;
  /** Calls of each process. */
  readonly calls: number;
  /** By how many places calls may overlap. */
  readonly overlap: number;
}

/** A history of calls that ran one after the other; each is said to have taken longer than it did. */
export function overlapped(seed: number, { processes, calls, overlap }: RandomHistory): History {
  const draw = new Draw(new fc.Random(seededRandom(seed, 0)));
  const program = generateConcurrent(draw, { without: new Set(), clients: 1, processes, calls, pauses: [0] });
  const { kernel } = createSimulation(ram, { traceHash: false });
  for (const process of program.processes) kernel.spawn(process.pid, process, process.umask);
  const steps = [...program.setup, ...program.steps];
  const free = new Map<number, number>();
  const spans = steps.map(({ pid, call }, place) => {
    const pending: PendingCall = kernel.submit(pid, call);
    kernel.run();
    const result = pending.result as SysResult;
    const opened = call.op === 'open' && typeof result === 'number' && result >= 0;
    const node = opened ? kernel.nodeOf(pid, result as number) : result === 0 ? pending.node : undefined;
    const from = Math.max(free.get(pid) ?? -1, place - (draw.below(1000) / 1000) * overlap);
    const next = steps.findIndex((step, i) => i > place && step.pid === pid);
    const room = (next < 0 ? steps.length : next) - place;
    const to = place + Math.min(room * 0.99, (0.001 + draw.below(1000) / 1000) * overlap);
    free.set(pid, to);
    return { pid, call, result, node, from, to };
  });
  kernel.close();
  const times = spans.flatMap(({ from, to }) => [from, to]).sort((a, b) => a - b);
  const taken = new Set<number>();
  const moment = (time: number) => {
    let event = times.indexOf(time);
    while (taken.has(event)) event += 1;
    taken.add(event);
    return { event, time: time * 1e9 };
  };
  const operations = spans.map(({ pid, call, result, node, from, to }): Operation => {
    const [invoked, returned] = [moment(from), moment(to)];
    return { pid, client: 0, call, result, invoked, returned, ...(node !== undefined && { node }) };
  });
  return { operations: operations.sort((a, b) => a.invoked.event - b.invoked.event) };
}

/** The history with one result changed: another errno, other data, a success that was none, processes of different clients. */
export function mutated(history: History, seed: number): History {
  const draw = new Draw(new fc.Random(seededRandom(seed, 1)));
  const at = draw.below(history.operations.length);
  const operations = history.operations.map((operation, i) => {
    const spread = { ...operation, client: operation.pid % 2 };
    return i === at ? { ...spread, ...otherResult(operation, draw) } : spread;
  });
  return { operations };
}

function otherResult({ call, result, node }: Operation, draw: Draw): Partial<Operation> {
  if (result instanceof Uint8Array && result.length > 0) {
    const changed = new Uint8Array(result);
    changed[draw.below(changed.length)] ^= 1;
    return { result: draw.chance(50) ? changed : result.subarray(0, result.length - 1) };
  }
  if (result === 0) return { result: -draw.of([errnoNumbers.ENOENT, errnoNumbers.EEXIST]) };
  if (typeof result === 'number' && result < 0) {
    if (call.op === 'mkdir' || call.op === 'unlink' || call.op === 'rmdir' || call.op === 'rename')
      return { result: 0 };
    return { result: -draw.of([errnoNumbers.ENOENT, errnoNumbers.EEXIST]) };
  }
  return node === undefined ? { result } : { node: `${node.split('.')[0]}9.0` };
}
