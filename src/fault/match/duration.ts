import type { Duration } from '../plan/faults.ts';

/** Milliseconds of a duration; `draw` gives numbers from 0 up to 1 for a purpose. */
export function milliseconds(duration: Duration, draw: (purpose: string) => number): number {
  if (typeof duration === 'number') return duration;
  // Never 0, of which there is no logarithm.
  const u = 1 - draw('duration');
  if ('uniform' in duration) {
    const [least, most] = duration.uniform;
    return least + (1 - u) * (most - least);
  }
  if ('exponential' in duration) return -Math.log(u) * duration.exponential;
  if ('pareto' in duration) {
    const [least, shape] = duration.pareto;
    return least / u ** (1 / shape);
  }
  const [mean, deviation] = duration.normal;
  // Box and Muller.
  const deviate = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * draw('duration, second'));
  return Math.max(0, mean + deviation * deviate);
}
