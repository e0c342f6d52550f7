import { readFileSync } from 'node:fs';
import {
  type Counterexample,
  counterexampleFromText,
  showCall,
  showFinding,
  showResult,
  type Target,
} from '../../check/index.ts';
import { openArena } from '../../check/replay.ts';
import { runProgram } from '../../check/runner.ts';
import type { Call, Kernel, SysResult } from '../../vfs/index.ts';
import { openTarget, targetNames } from '../targets.ts';
import { exitCode, parseOptions, UsageError, whyUnread } from '../usage.ts';

const help = `estale replay <file> [options]

Runs a saved counterexample again and says whether it still fails.

  --on TARGET       another target than the one in the file (${targetNames.join(', ')})
  -v, --verbose     show each call with its result, and the FUSE requests and replies below it

Exit code: 0 it does not fail any more, 1 it still fails, 2 usage error.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('replay', args, {
    on: { type: 'string' },
    verbose: { type: 'boolean', short: 'v' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const [path] = positionals;
  if (path === undefined || positionals.length > 1)
    throw new UsageError(`replay: expected one file, given ${positionals.join(' ') || 'none'}`);
  const counterexample = readCounterexample(path);
  const { target, close } = await openTarget(values.on ?? counterexample.target);
  try {
    // Another target has conditions of its own.
    const arena = await openArena(target, values.on === undefined ? counterexample.conditions : undefined);
    const shown = values.verbose ? { ...arena, target: verbose(arena.target) } : arena;
    const { failure } = await runProgram(shown, counterexample.program);
    if (failure === undefined) {
      console.log(`${target.name} does not fail: ${counterexample.signature}`);
      return exitCode.nothingFound;
    }
    const { expected, actual } = failure.divergence;
    if (values.verbose) console.log('');
    console.log(showFinding({ ...counterexample, program: failure.program, expected, actual }));
    console.log(`\n${target.name} still fails`);
    return exitCode.found;
  } finally {
    await close();
  }
}

function readCounterexample(path: string): Counterexample {
  try {
    return counterexampleFromText(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`replay: ${path}: ${whyUnread(error)}`);
  }
}

/** The target, whose kernels tell each call, what it sent, and its result. */
function verbose(target: Target): Target {
  const start: Target['start'] = async (_trace, settings): Promise<Kernel> => {
    const kernel = await target.start((line) => console.log(`        ${line}`), settings);
    const tell = (result: SysResult): SysResult => {
      console.log(`        = ${showResult(result)}`);
      return result;
    };
    return {
      name: kernel.name,
      timeSlack: kernel.timeSlack,
      spawn: (pid, credentials, umask) => kernel.spawn(pid, credentials, umask),
      call: (pid: number, call: Call) => {
        console.log(`p${pid}  ${showCall(call)}`);
        const result = kernel.call(pid, call);
        return result instanceof Promise ? result.then(tell) : tell(result);
      },
      now: () => kernel.now(),
      close: () => kernel.close(),
    };
  };
  return { ...target, start };
}
