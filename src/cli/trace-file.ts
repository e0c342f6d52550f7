import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { isTrace, readTrace, type Trace, type TraceEnding, TraceError } from '../trace/index.ts';
import { UsageError, whyUnread } from './usage.ts';

const STREAM_SIZE = 1 << 20;

/** Opens a trace file, or standard input for `-`. @throws UsageError that says what is wrong with it */
export async function openTrace(command: string, path: string): Promise<Trace> {
  try {
    return await readTrace(path === '-' ? process.stdin : createReadStream(path, { highWaterMark: STREAM_SIZE }));
  } catch (error) {
    if (!(error instanceof TraceError) && !(error instanceof Error && 'code' in error)) throw error;
    throw new UsageError(`${command}: ${path}: ${whyUnread(error)}`);
  }
}

/** Whether a file starts like a trace; standard input is taken for one. @throws the error of opening or reading it */
export function looksLikeTrace(path: string): boolean {
  if (path === '-') return true;
  const fd = openSync(path, 'r');
  try {
    const start = Buffer.alloc(16);
    return isTrace(start.subarray(0, readSync(fd, start)));
  } finally {
    closeSync(fd);
  }
}

/** What is to be said of a trace that does not end as it should; undefined where it does. */
export function describeEnding(ending: TraceEnding | undefined): string | undefined {
  switch (ending?.kind) {
    case 'truncated':
      return `truncated after ${ending.messages} messages: the recorder was killed, or this is not all of the file`;
    case 'damaged':
      return `damaged at byte ${ending.at}, after ${ending.messages} messages: ${ending.problem}`;
    case 'complete':
    case undefined:
      return undefined;
  }
}
