import { isDeepStrictEqual } from 'node:util';
import type { Scenario, Seen, Setting } from './scenario.ts';
import { World } from './world.ts';

/** One run, without or with the remedy. */
export interface Arm {
  readonly seen: Seen | undefined;
  readonly expected: Seen;
  readonly faults: ReadonlyMap<string, number>;
  readonly story: readonly string[];
  /** The same for two runs that did the same. */
  readonly digest: string;
  /** What ended the run before its time. */
  readonly error?: unknown;
}

export type Verdict =
  /** The symptom came, and did not with the remedy. */
  | { readonly kind: 'shown' }
  /** A fault never struck: the run proves nothing. */
  | { readonly kind: 'never-fired'; readonly faults: readonly string[]; readonly remedied: boolean }
  /** The program saw something else than it should have, without or with the remedy. */
  | { readonly kind: 'unexpected'; readonly remedied: boolean };

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly failing: Arm;
  readonly remedied: Arm;
  readonly verdict: Verdict;
}

export interface RunOptions {
  /** An integer that decides every draw. Default 1. */
  readonly seed?: number;
  /** No fault strikes, and the scenario must say so. */
  readonly disarmed?: boolean;
}

/** Runs a scenario: its workload with the fault, and again with the remedy switched on. */
export async function runScenario(scenario: Scenario, options: RunOptions = {}): Promise<ScenarioResult> {
  const failing = await runArm(scenario, false, options);
  const remedied = await runArm(scenario, true, options);
  return { scenario, failing, remedied, verdict: verdictOf(failing, remedied) };
}

async function runArm(scenario: Scenario, remedied: boolean, { seed = 1, disarmed = false }: RunOptions): Promise<Arm> {
  const { clients = 2, symptom, sound } = scenario;
  const setting = merged(scenario.setting ?? {}, (remedied ? scenario.remedied : scenario.failing) ?? {});
  const world = await World.create(setting, { seed, clients, remedied, disarmed });
  const expected = remedied ? sound : symptom;
  try {
    const seen = await scenario.run(world);
    return { seen, expected, faults: world.faults, story: world.story, digest: world.digest };
  } catch (error) {
    return { seen: undefined, expected, faults: world.faults, story: world.story, digest: world.digest, error };
  } finally {
    await world.close();
  }
}

/** One setting on top of another. */
export function merged(setting: Setting, more: Setting): Setting {
  const habits = { ...setting.client?.habits, ...more.client?.habits };
  return {
    ...setting,
    ...more,
    server: { ...setting.server, ...more.server },
    client: { ...setting.client, ...more.client, habits },
    mount: { ...setting.mount, ...more.mount },
  };
}

function verdictOf(failing: Arm, remedied: Arm): Verdict {
  for (const arm of [failing, remedied]) {
    const silent = [...arm.faults].filter(([, times]) => times === 0).map(([name]) => name);
    if (silent.length > 0 || arm.faults.size === 0)
      return { kind: 'never-fired', faults: silent, remedied: arm === remedied };
  }
  for (const arm of [failing, remedied])
    if (!isDeepStrictEqual(arm.seen, arm.expected)) return { kind: 'unexpected', remedied: arm === remedied };
  return { kind: 'shown' };
}
