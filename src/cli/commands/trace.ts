import { opcodeNames } from '../../fuse/index.ts';
import {
  hexDump,
  type ShownRecord,
  shownRecords,
  showTime,
  type TraceFilter,
  type TraceRecord,
} from '../../trace/index.ts';
import { didYouMean } from '../../vfs/index.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { describeEnding, openTrace } from '../trace-file.ts';
import { exitCode, oneFile, parseOptions, UsageError, wholeNumber } from '../usage.ts';

const help = `estale trace <file> [options]

Prints a trace, a message a line: seconds since the start, -> for the kernel's requests and <- for replies and
notifications, the message decoded; !! for a fault that was injected, with its rule, above the message that it made. A file
of - is standard input.

  --op A,B          only requests with these opcodes, such as LOOKUP,READ, and their replies
  --node N,M        only requests to these nodes
  --pid N,M         only requests of these tasks
  --hex             the bytes of each message below its line
  --json            an object a line: first the header, then messages and faults, last how the trace ends

Exit code: 0 it was read to its end, or to where it was cut off; 2 usage error, or it is damaged.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('trace', args, {
    op: { type: 'string', multiple: true },
    node: { type: 'string', multiple: true },
    pid: { type: 'string', multiple: true },
    hex: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const path = oneFile('trace', positionals);
  const filter: TraceFilter = {
    ops: listOf(values.op, opNamed),
    nodes: listOf(values.node, (word) => String(wholeNumber('node', word, 0, Number.MAX_SAFE_INTEGER))),
    pids: listOf(values.pid, (word) => wholeNumber('pid', word, 0, 2 ** 32 - 1)),
  };
  const trace = await openTrace('trace', path);
  const interrupt = listenForInterrupt();
  const print = values.json ? printJson : printText;
  if (values.json) console.log(JSON.stringify(trace.header));
  else console.log(describeHeader(trace.header));
  for await (const shown of shownRecords(trace.records, filter)) {
    if (interrupt.signal.aborted) break;
    print(shown, values.hex ?? false);
  }
  interrupt.stop();
  if (values.json && trace.ending !== undefined) console.log(JSON.stringify({ ending: trace.ending }));
  const ending = describeEnding(trace.ending);
  if (ending !== undefined) console.error(`estale: ${path}: ${ending}`);
  return trace.ending?.kind === 'damaged' ? exitCode.usage : exitCode.nothingFound;
}

function describeHeader({
  filesystem,
  kernel,
  protocol,
  started,
}: Awaited<ReturnType<typeof openTrace>>['header']): string {
  const date = new Date(started.sec * 1000 + started.nsec / 1e6).toISOString();
  return `${filesystem}, ${date}, Linux ${kernel}, FUSE ${protocol.major}.${protocol.minor}`;
}

function printText({ record, line }: ShownRecord, hex: boolean): void {
  console.log(`${showTime(record.time).padStart(12)} ${line}`);
  if (hex) for (const row of hexDump(bytesOf(record))) console.log(`             ${row}`);
}

function printJson(shown: ShownRecord, hex: boolean): void {
  const { record } = shown;
  const bytes = hex && record.kind === 'message' ? { hex: Buffer.from(bytesOf(record)).toString('hex') } : {};
  console.log(JSON.stringify({ ...shown.toJson(), ...bytes }));
}

const bytesOf = (record: TraceRecord): Uint8Array =>
  record.kind === 'message' ? record.message.bytes.subarray(0, record.length) : new Uint8Array(0);

/** What an option names, separated by commas or given several times. */
function listOf<T>(given: readonly string[] | undefined, parse: (word: string) => T): ReadonlySet<T> | undefined {
  return given && new Set(given.flatMap((list) => list.split(',')).map(parse));
}

function opNamed(word: string): string {
  const name = word.toUpperCase();
  const names: readonly string[] = opcodeNames;
  if (names.includes(name)) return name;
  throw new UsageError(`--op: expected an opcode such as LOOKUP, given "${word}"${didYouMean(name, names)}`);
}
