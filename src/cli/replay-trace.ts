import { oncePerProblem } from '../check/reporter.ts';
import { ServedFileSystem } from '../sim/index.ts';
import { replayTrace, showDifference, showTime, type TraceHeader } from '../trace/index.ts';
import { tellProblem } from './progress.ts';
import { openFileSystem } from './simulated-filesystems.ts';
import { describeEnding, openTrace } from './trace-file.ts';
import { exitCode } from './usage.ts';

export interface ReplayTraceOptions {
  /** The filesystem; undefined: the one that was recorded. */
  readonly on: string | undefined;
  /** Show the bytes of a difference. */
  readonly hex: boolean;
  /** Fields that may differ. */
  readonly ignore: ReadonlySet<string>;
}

/** Replays a trace file, or standard input for `-`, on a filesystem in the simulator, and prints how it went; gives the exit code. */
export async function replayTraceFile(path: string, { on, hex, ignore }: ReplayTraceOptions): Promise<number> {
  const trace = await openTrace('replay', path);
  const { header } = trace;
  const word = on ?? recordedFrom(header);
  const { factory, options } = await openFileSystem(word);
  const served = new ServedFileSystem(factory, {
    filesystem: options,
    session: header.session,
    started: header.started,
    report: oncePerProblem(tellProblem),
  });
  const same = word === recordedFrom(header);
  const { requests, compared, difference, ending } = await replayTrace(trace, served, { same, ignore });
  const odd = describeEnding(ending);
  if (odd !== undefined) console.error(`estale: ${path}: ${odd}`);
  if (difference === undefined) {
    console.log(`${word} answers as recorded: ${requests} requests, ${compared} replies and notifications`);
    return ending?.kind === 'damaged' ? exitCode.usage : exitCode.nothingFound;
  }
  console.log(
    `${word} differs at message ${difference.index}, ${showTime(difference.time)} s, after ${requests} requests`,
  );
  console.log(showDifference(difference, hex).join('\n'));
  return exitCode.found;
}

const recordedFrom = ({ target, filesystem }: TraceHeader): string => target ?? filesystem;
