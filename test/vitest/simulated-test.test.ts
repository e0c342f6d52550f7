import { beforeAll, describe, expect, test } from 'vitest';
import { type ProjectRun, runProject } from '../support/vitest-run.ts';

describe('simulatedTest', () => {
  let run: ProjectRun;
  beforeAll(async () => {
    run = await runProject(['simulated.ts'], { env: { ESTALE_SEED: '77' } });
  });

  test('gives each test a filesystem of its own', () => {
    expect(run.tests.get('has a filesystem')?.status).toBe('passed');
    expect(run.tests.get('has a fresh one')?.status).toBe('passed');
  });

  test('prints the seed of a test that fails, which ESTALE_SEED sets', () => {
    expect(run.tests.get('fails')?.messages).toContain('expected 77 to be -1');
    expect(run.output).toContain('estale: seed 77; again: ESTALE_SEED=77');
  });

  test('fails a test for what its filesystem throws, with the stack', () => {
    const { status, messages } = run.tests.get('does not look at errors')!;
    expect(status).toBe('failed');
    expect(messages).toMatch(/READLINK .*threw something without a POSIX code.*TypeError: the bug in readlink/);
    expect(messages).toMatch(/simulated\.ts:24/);
  });

  test('lets a test take a problem out', () => {
    expect(run.tests.get('knows the bug')?.status).toBe('passed');
  });
});
