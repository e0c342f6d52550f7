import { describe, expect, it } from 'vitest';
import { type CheckOptions, check, probe } from '../../src/check/index.ts';
import { type Bug, toyTarget } from './toy-kernel.ts';

// The toy knows few calls: what it answers ENOSYS to is one divergence per call, and must not hide the planted one.
const options: CheckOptions = { seed: 4, runs: 400, maxCalls: 48, shrinkRuns: 150 };
const signatures = async (bug?: Bug, more: CheckOptions = {}) =>
  (await check(toyTarget(bug), { ...options, ...more })).findings.map(({ signature }) => signature);

describe('a campaign', () => {
  it('goes on after a finding, and finds what lies behind the shallow ones', async () => {
    const planted = 'rmdir: expected ENOTEMPTY, got success';
    expect(await signatures('rmdir of a full directory')).toContain(planted);
    expect(await signatures()).not.toContain(planted);
  });

  it('gives the same report for the same seed and number of runs', async () => {
    const [first, second] = [await check(toyTarget(), options), await check(toyTarget(), options)];
    expect(first.findings.length).toBeGreaterThan(5);
    expect(second).toEqual(first);
  });

  it('reports each divergence once', async () => {
    const found = await signatures();
    expect(new Set(found).size).toBe(found.length);
  });

  it('lists known divergences apart', async () => {
    const all = await check(toyTarget(), options);
    const [{ signature }] = all.findings;
    const rest = await check(toyTarget(), { ...options, known: [{ signature }] });
    expect(rest.known.map((finding) => finding.signature)).toEqual([signature]);
    expect(rest.findings).toHaveLength(all.findings.length - 1);
  });

  it('stops when it is told to, and by the clock it is given', async () => {
    const stopped = AbortSignal.abort();
    expect((await check(toyTarget(), { ...options, signal: stopped })).runs).toBe(0);
    let now = 0;
    const timed = await check(toyTarget(), { ...options, runs: Infinity, time: 100, now: () => (now += 5) });
    expect(timed.runs).toBeGreaterThan(0);
    expect(timed.callsPerSecond).toBeGreaterThan(0);
  });

  it('lets the event loop turn between programs', async () => {
    let turns = 0;
    const turn = async () => void turns++;
    await check(toyTarget(), { ...options, runs: 128, yield: turn });
    expect(turns).toBe(2);
  });
});

describe('probing', () => {
  it('says which capabilities are missing, and why', async () => {
    const missing = new Map((await probe(toyTarget())).map(({ capability, reason }) => [capability, reason]));
    expect(missing.get('links')).toBe('link gave ENOSYS');
    expect(missing.get('xattrs')).toBe('declared');
    expect(missing.get('permissions')).toBe('declared');
    expect(missing.has('write')).toBe(false);
  });
});
