import { resolve } from 'node:path';
import { askMount, type FaultCommand, MountError } from '../../mount/index.ts';
import { didYouMean } from '../../vfs/index.ts';
import { readPlanText } from '../plan.ts';
import { exitCode, parseOptions, UsageError } from '../usage.ts';

const help = `estale fault <dir> <command>

Changes the faults of a filesystem that was mounted with --faults, from the next request on.

  list                      the rules, what they have injected, and the switches
  on|off [NAME...]          turns rules or switches on or off; without names, all faults
  set PLAN.yaml             puts another plan in the place of the old one
  set RULE KEY=VALUE...     changes one rule: set full when.probability=0.1 what.errno=EDQUOT
                            (without a value the key goes)

Exit code: 0 done, 2 it could not be done.`;

const commands = ['list', 'on', 'off', 'set'];

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('fault', args, { help: { type: 'boolean', short: 'h' } });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const [directory, word, ...rest] = positionals;
  if (directory === undefined || word === undefined)
    throw new UsageError(
      `fault: expected a directory and one of ${commands.join(', ')}, given ${positionals.join(' ') || 'nothing'}`,
    );
  try {
    for (const line of await askMount(resolve(directory), commandOf(word, rest))) console.log(line);
    return exitCode.nothingFound;
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    throw new UsageError(error.message);
  }
}

function commandOf(word: string, rest: readonly string[]): FaultCommand {
  switch (word) {
    case 'list':
      if (rest.length > 0) throw new UsageError(`fault list: expected nothing behind it, given ${rest.join(' ')}`);
      return { command: 'list' };
    case 'on':
    case 'off':
      return { command: word, names: rest };
    case 'set': {
      const [first, ...values] = rest;
      if (first === undefined)
        throw new UsageError('fault set: expected a plan, or a rule and KEY=VALUE, given nothing');
      if (values.length > 0) return { command: 'set', rule: first, values };
      return { command: 'load', text: readPlanText(first), source: first };
    }
    default:
      throw new UsageError(
        `fault: expected one of ${commands.join(', ')}, given "${word}"${didYouMean(word, commands)}`,
      );
  }
}
