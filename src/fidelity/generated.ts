import { Random } from 'fast-check';
import { Draw, generateProgram, seededRandom } from '../check/index.ts';
import { type Configuration, type ConfigurationName, configuration, configurationNames } from './configurations.ts';
import type { Case } from './fidelity.ts';

/** Generated scripts that share a mount, and the configuration that was drawn for it. */
const PER_MOUNT = 50;

/** In a filesystem that is mounted read-only nothing can be made. */
const drawn: readonly ConfigurationName[] = configurationNames.filter((name) => name !== 'read-only');

/** Calls of a program, at most. */
const MOST_CALLS = 120;

/** Script number `i` of a seed, always the same; under a configuration that is drawn where none is given. */
export function generatedCase(seed: number, i: number, given?: Configuration): Case {
  const mount = Math.floor(i / PER_MOUNT);
  const name = new Draw(new Random(seededRandom(seed, -1 - mount))).of(drawn);
  const { processes, steps: all } = generateProgram(new Draw(new Random(seededRandom(seed, i))), {
    maxCalls: MOST_CALLS,
  });
  // A child takes mappings over by mapping again and closing, for which dirty pages are written on the host.
  const maps = all.some(({ call }) => call.op === 'mmap');
  const steps = maps ? all.filter(({ call }) => call.op !== 'fork') : all;
  return {
    script: { name: `generated ${i}`, processes, steps: steps.map((step) => ({ kind: 'call', ...step })) },
    configuration: given ?? configuration(name),
    mount: `generated ${mount}`,
  };
}

/** Scripts of the arbitraries of the checks, so that nothing is tuned to a list. */
export function generatedCases(seed: number, count: number, given?: Configuration): readonly Case[] {
  return Array.from({ length: count }, (_, i) => generatedCase(seed, i, given));
}
