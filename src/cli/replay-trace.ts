import { oncePerProblem } from '../check/reporter.ts';
import { showInjected } from '../fault/index.ts';
import { DaemonPeer } from '../fuse/socket/index.ts';
import { ServedFileSystem } from '../sim/index.ts';
import {
  type ReplayPeer,
  type ReplayReport,
  replayTrace,
  showDifference,
  showTime,
  type TraceHeader,
} from '../trace/index.ts';
import { daemonSource } from './daemon.ts';
import { tellProblem } from './progress.ts';
import { openFileSystem } from './simulated-filesystems.ts';
import { describeEnding, openTrace } from './trace-file.ts';
import { exitCode } from './usage.ts';

export interface ReplayTraceOptions {
  /** The filesystem, or `daemon:` and the command line of a foreign daemon; undefined: the one that was recorded. */
  readonly on: string | undefined;
  /** What makes what the daemon starts from. */
  readonly setup: string | undefined;
  /** Show the bytes of a difference. */
  readonly hex: boolean;
  /** Fields that may differ. */
  readonly ignore: ReadonlySet<string>;
}

/** Replays a trace file, or standard input for `-`, on a filesystem in the simulator, and prints how it went; gives the exit code. */
export async function replayTraceFile(path: string, options: ReplayTraceOptions): Promise<number> {
  const { on, setup, hex, ignore } = options;
  const trace = await openTrace('replay', path);
  const { header } = trace;
  const word = on ?? recordedFrom(header);
  const { peer, hostsOwn, close } = await openPeer(word, setup, header);
  const same = word === recordedFrom(header);
  const report = await replayTrace(trace, peer, {
    same,
    ordered: same && hostsOwn.length === 0,
    ignore: new Set([...ignore, ...hostsOwn]),
  }).finally(close);
  const { requests, compared, difference, open, ending } = report;
  const odd = describeEnding(ending);
  if (odd !== undefined) console.error(`estale: ${path}: ${odd}`);
  if (difference === undefined) {
    console.log(
      `${word} answers as recorded: ${requests} requests, ${compared} replies and notifications${showStruck(report)}`,
    );
    if (open !== undefined)
      console.log(`up to ${showTime(open.time)} s: what follows is left open by ${showInjected(open.fault)}`);
    return ending?.kind === 'damaged' ? exitCode.usage : exitCode.nothingFound;
  }
  console.log(
    `${word} differs at message ${difference.index}, ${showTime(difference.time)} s, after ${requests} requests`,
  );
  console.log(showDifference(difference, hex).join('\n'));
  return exitCode.found;
}

/** How many replies were not compared because of faults. */
function showStruck({ faults, struck }: ReplayReport): string {
  if (faults === 0) return '';
  return `; ${faults} fault${faults === 1 ? '' : 's'} in the recording: ${struck} repl${struck === 1 ? 'y' : 'ies'} not compared`;
}

interface OpenPeer {
  readonly peer: ReplayPeer;
  /** Fields that are not the filesystem's to decide; where there are, neither is the order of listings. */
  readonly hostsOwn: readonly string[];
  close(): Promise<void>;
}

async function openPeer(word: string, setup: string | undefined, header: TraceHeader): Promise<OpenPeer> {
  if (word.startsWith(DAEMON)) {
    const source = daemonSource(word.slice(DAEMON.length), setup);
    return { peer: new DaemonPeer(await source.start()), hostsOwn: CLOCK_AND_SPACE, close: () => source.close() };
  }
  const { factory, options } = await openFileSystem(word);
  const { session, started } = header;
  const report = oncePerProblem(tellProblem);
  const peer = new ServedFileSystem(factory, { filesystem: options, session, started, report });
  return { peer, hostsOwn: [], close: async () => {} };
}

const DAEMON = 'daemon:';
/** A foreign daemon has the host's clock and, often, its disk. */
const CLOCK_AND_SPACE = ['atime', 'mtime', 'ctime', 'btime', 'bfree', 'bavail', 'ffree'];
const recordedFrom = ({ target, filesystem }: TraceHeader): string => target ?? filesystem;
