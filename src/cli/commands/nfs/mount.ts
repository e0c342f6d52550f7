import { MountError } from '../../../mount/index.ts';
import { type NfsProcedure, nfs } from '../../../nfs/index.ts';
import { hasMountedForm, type Moment, mountedFaults, mountScenario } from '../../../scenarios/index.ts';
import { didYouMean } from '../../../vfs/index.ts';
import { listenForInterrupt } from '../../interrupt.ts';
import { duration, exitCode, parseOptions, UsageError, wholeNumber } from '../../usage.ts';
import { scenarioNamed } from './run.ts';

const help = `estale nfs mount <id> <dir> [<dir of another client>] [options]

Mounts the client of a failure, with its server and its faulty network in this process, until it is unmounted or Ctrl-C: any program
meets the failure. A second directory is another client of the same server.

  --at T            when the fault strikes, after the mount (5s, 2m); events come after 10s otherwise
  --when PROC[:N]   it strikes at the Nth call of a procedure: WRITE, COMMIT:2, REMOVE, ...
  --remedy          with the remedy
  -v, --verbose     tell every message on the network

Without a moment, faults of messages strike at each that they fit. While it is mounted, "estale fault DIR on ID" has the failure
strike (again), "off ID" keeps it from messages; other faults may be put on the mount itself.

Exit code: 0 unmounted, 1 it could not be mounted, 2 usage error.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('nfs mount', args, {
    at: { type: 'string' },
    when: { type: 'string' },
    remedy: { type: 'boolean' },
    verbose: { type: 'boolean', short: 'v' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const [id, ...directories] = positionals;
  if (directories.length < 1 || directories.length > 2)
    throw new UsageError(
      `nfs mount: expected the id of a failure and one or two directories, given ${positionals.join(' ') || 'nothing'}`,
    );
  const scenario = scenarioNamed('nfs mount', id);
  if (!hasMountedForm(scenario))
    throw new UsageError(`nfs mount: "${id}" runs in the simulation only: estale nfs run ${id}`);
  const fault = mountedFaults[scenario.id];
  if (fault.kind === 'other-client' && directories.length < 2)
    throw new UsageError(`nfs mount: "${id}" needs a second directory: ${fault.what}`);
  const moment = momentOf(values);
  const happens = fault.kind === 'event' || fault.kind === 'messages';
  if (moment !== undefined && !happens) throw new UsageError(`nfs mount: "${id}" has no moment: ${fault.what}`);
  const interrupt = listenForInterrupt();
  try {
    const mounted = await mountScenario(scenario, directories, {
      remedied: values.remedy === true,
      moment,
      tell: (line) => {
        if (values.verbose || line.includes('!!')) console.log(line);
      },
      report: (problem, error) => console.error(`estale: ${problem}`, ...(error === undefined ? [] : [error])),
      ignoreSignals: true,
    });
    console.log(`${scenario.id}: ${scenario.title}`);
    console.log(`${directories.join(' and ')}: ${fault.what}${values.remedy ? `; remedy: ${scenario.remedy}` : ''}`);
    const end = (): void => void mounted.unmount();
    if (interrupt.signal.aborted) end();
    interrupt.signal.addEventListener('abort', end);
    await mounted.closed;
    return exitCode.nothingFound;
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    console.error(`estale: ${error.message}`);
    return exitCode.found;
  } finally {
    interrupt.stop();
  }
}

function momentOf({ at, when }: { readonly at?: string; readonly when?: string }): Moment | undefined {
  if (at !== undefined && when !== undefined) throw new UsageError('nfs mount: --at and --when do not go together');
  if (at !== undefined) return { kind: 'at', milliseconds: duration('at', at) };
  if (when === undefined) return undefined;
  const [name, count = '1'] = when.split(':');
  const names = Object.keys(nfs.procedures);
  const procedure = names.find((each): each is NfsProcedure => each === name.toUpperCase());
  if (procedure === undefined)
    throw new UsageError(
      `--when: expected a procedure, given "${name}"${didYouMean(name, names)}; there are: ${names.join(' ')}`,
    );
  return { kind: 'when', procedure, nth: wholeNumber('when', count, 1, 1_000_000) };
}
