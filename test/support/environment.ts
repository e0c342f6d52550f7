import type { Environment } from '../../src/env/index.ts';

export interface TestEnvironment extends Environment {
  /** Seconds since the epoch; each reading of the clock moves on by a microsecond, which stays below the second. */
  seconds: number;
  readonly warnings: string[];
}

/** Surroundings for a filesystem that is called directly: a clock in the test's hand, no network, disk or timers. */
export function testEnvironment(seconds = 1_000_000_000): TestEnvironment {
  let readings = 0;
  let state = 1;
  const absent = (what: string) => (): never => {
    throw new Error(`this test has no ${what}`);
  };
  const environment: TestEnvironment = {
    seconds,
    warnings: [],
    clock: {
      now: () => ({ sec: environment.seconds, nsec: (++readings % 1_000_000) * 1000 }),
      monotonic: () => environment.seconds * 1e9 + ++readings,
    },
    random: {
      uint32: () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state;
      },
    },
    timers: { after: absent('timers') },
    network: { connect: absent('network'), listen: absent('network') },
    disk: absent('disk'),
    warn: (message) => {
      environment.warnings.push(message);
    },
  };
  return environment;
}
