import fc from 'fast-check';
import { type Program, showScript } from '../../check/index.ts';
import { merged } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import { World } from '../world.ts';
import { forms, programsOf, type RandomForm } from './form.ts';
import { play, type Results } from './play.ts';

/** A random program that meets a failure, shrunk. */
export interface RandomFinding {
  readonly scenario: Scenario;
  readonly program: Program;
  /** The call, from 0 on, that told the two runs apart, and what it came to in each. */
  readonly step: number;
  readonly failing: string;
  readonly remedied: string;
  /** Programs that were drawn before it, and tried to make it smaller. */
  readonly programs: number;
  readonly shrinks: number;
}

export interface SearchOptions {
  /** An integer. Default 1. */
  readonly seed?: number;
  /** Milliseconds for which is looked and shrunk. Default 30,000. */
  readonly time?: number;
  /** Programs, at most. Default 10,000. */
  readonly programs?: number;
  /** Whether what is found is made smaller. Default true. */
  readonly shrink?: boolean;
}

/** Whether random programs can look for a scenario. */
export const hasRandomForm = ({ id }: Scenario): boolean => Object.hasOwn(forms, id);

/**
 * Looks for a failure with random programs under the faults of a scenario: each runs without and with the remedy, and no call is
 * to tell the difference. What does is shrunk.
 */
export async function findAtRandom(
  scenario: Scenario,
  options: SearchOptions = {},
): Promise<RandomFinding | undefined> {
  const { seed = 1, time = 30_000, programs = 10_000, shrink = true } = options;
  const form = forms[scenario.id];
  if (form === undefined) throw new Error(`${scenario.id}: there are no random programs for it`);
  const same = fc.asyncProperty(
    programsOf(form),
    async (program) => (await difference(scenario, form, program)) === undefined,
  );
  const { counterexample, numRuns, numShrinks } = await fc.check(same, {
    seed,
    numRuns: programs,
    interruptAfterTimeLimit: time,
    endOnFailure: !shrink,
  });
  if (counterexample === null) return undefined;
  const [program] = counterexample;
  const found = await difference(scenario, form, program);
  return found && { scenario, program, ...found, programs: numRuns, shrinks: numShrinks };
}

/** The first call that tells the runs apart in the way that is meant. */
async function difference(
  scenario: Scenario,
  form: RandomForm,
  program: Program,
): Promise<Pick<RandomFinding, 'step' | 'failing' | 'remedied'> | undefined> {
  const failing = await results(scenario, form, program, false);
  const remedied = await results(scenario, form, program, true);
  const { symptom = /^/ } = form;
  const step = failing.findIndex((result, i) => result !== remedied[i] && symptom.test(result));
  return step < 0 ? undefined : { step, failing: failing[step], remedied: remedied[step] };
}

async function results(scenario: Scenario, form: RandomForm, program: Program, remedied: boolean): Promise<Results> {
  const ownSetting = merged(scenario.setting ?? {}, form.setting ?? {});
  const setting = merged(ownSetting, (remedied ? scenario.remedied : scenario.failing) ?? {});
  const disarmed = remedied && form.reference === 'no-faults';
  const world = await World.create(setting, { seed: 1, clients: form.clients, remedied, disarmed, quiet: 'story' });
  if (form.files !== undefined) world.makeFiles('d', form.files);
  try {
    return await play(world, form, program);
  } catch (error) {
    return [`threw ${String(error)}`];
  } finally {
    await world.close();
  }
}

/** A finding for people. */
export function showRandomFinding({
  scenario,
  program,
  step,
  failing,
  remedied,
  programs,
  shrinks,
}: RandomFinding): string {
  return [
    `${scenario.row}  ${scenario.id}: ${scenario.title}`,
    `    found after ${programs} random programs, made smaller in ${shrinks} steps`,
    '',
    showScript(program),
    '',
    `    call ${step + 1}: ${failing}`,
    `    with the remedy (${scenario.remedy}): ${remedied}`,
  ].join('\n');
}
