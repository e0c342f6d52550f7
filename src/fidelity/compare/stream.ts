import { covered } from './bytes.ts';
import type { Request, Transfer } from './requests.ts';

/** What the requests of a script came to: what two kernels have in common. */
export interface RequestStream {
  /** What somebody waits for, in order. */
  readonly waited: readonly Waited[];
  /** RELEASE and RELEASEDIR, and the references that were given back; sorted. */
  readonly released: readonly string[];
}

export interface Waited {
  readonly text: string;
  readonly answer: string;
  /** Which of the script's calls asked for it, where that is known. */
  readonly call: number | undefined;
}

/** Applies the tolerances that concern order and size (see `tolerances.ts`). */
export function toStream(requests: readonly Request[]): RequestStream {
  const released: string[] = [];
  const references = new Map<string, number>();
  const waited: Request[] = [];
  for (const request of requests) {
    if (request.references !== undefined)
      for (const { node, lookups } of request.references) references.set(node, (references.get(node) ?? 0) + lookups);
    else if (request.op.startsWith('RELEASE')) released.push(request.text);
    else waited.push(request);
  }
  for (const [node, lookups] of references) released.push(`FORGET ${node}: ${lookups}`);
  return { waited: [...gathered(waited)], released: released.sort() };
}

const plain = ({ text, answer = 'no answer', call }: Request): Waited => ({ text, answer, call });

/** Writes from the page cache gathered until the next other request on their node, and direct transfers put together. */
function* gathered(requests: readonly Request[]): Generator<Waited> {
  const dirty = new Map<string, Request[]>();
  const write = function* (node: string): Generator<Waited> {
    const writes = dirty.get(node);
    dirty.delete(node);
    if (writes !== undefined) yield cachedWrites(node, writes);
  };
  let run: Request[] = [];
  const flush = function* (): Generator<Waited> {
    if (run.length > 0) yield directTransfer(run);
    run = [];
  };
  for (const request of requests) {
    const { transfer, node } = request;
    if (transfer?.kind === 'cached write') {
      yield* flush();
      const writes = dirty.get(node);
      if (writes === undefined) dirty.set(node, [request]);
      else writes.push(request);
      continue;
    }
    if (transfer?.kind === 'direct') {
      const last = run.at(-1)?.transfer;
      if (last !== undefined && !follows(last, transfer)) yield* flush();
      if (run.length === 0) yield* write(node);
      run.push(request);
      continue;
    }
    yield* flush();
    if (synchronises(request)) for (const each of [node, ...(request.others ?? [])]) yield* write(each);
    yield plain(request);
  }
  yield* flush();
  for (const node of [...dirty.keys()].sort()) yield* write(node);
}

/** Whether what is dirty has to be written first. Of times that are handed on alone that cannot be said: they may be missing. */
const synchronises = (request: Request): boolean =>
  /^(FLUSH|FSYNC|SETATTR|FALLOCATE|COPY_FILE_RANGE|LSEEK|OPEN)/.test(request.op) && !handsTimesOn(request);

/** A SETATTR by which write-back tells the filesystem its own times. */
export const handsTimesOn = ({ text }: Pick<Waited, 'text'>): boolean =>
  /^SETATTR .* valid 0x4[26]0, .* atime 0\.0, mtime now, ctime now, /.test(text);

const follows = (last: Transfer, next: Transfer): boolean =>
  last.stream === next.stream && last.offset + last.size === next.offset;

function cachedWrites(node: string, requests: readonly Request[]): Waited {
  const pieces = requests.map(({ transfer }) => transfer as Transfer);
  const streams = [...new Set(pieces.map(({ stream }) => stream.split(' ').at(-1)))].sort();
  const answers = [...new Set(requests.map(({ answer = 'no answer' }) => answer.replace(/\d+/, 'n')))].sort();
  return {
    text: `WRITE from the page cache ${node}: ${covered(pieces)}, write_flags ${streams}`,
    answer: answers.join(),
    call: requests[0].call,
  };
}

/** Where the file ended, it does not matter how much more was asked for. */
function directTransfer(requests: readonly Request[]): Waited {
  const pieces = requests.map(({ transfer }) => transfer as Transfer);
  const [{ stream, offset }] = pieces;
  const asked = pieces.reduce((sum, { size }) => sum + size, 0);
  const moved = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const end = moved < asked ? 'the end of the file' : offset + asked;
  const failed = requests.find(({ answer }) => answer === undefined || /^[A-Z]+$/.test(answer));
  const answer = failed === undefined ? covered(pieces) || 'nothing' : (failed.answer ?? 'no answer');
  return {
    text: `${stream}: [${offset}, ${failed === undefined ? end : offset + asked})`,
    answer,
    call: requests[0].call,
  };
}
