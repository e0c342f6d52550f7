import { type Operation, showLevel } from '../../history/index.ts';
import { showSettings } from '../conditions.ts';
import { showCall } from '../script.ts';
import { showResult } from '../show-result.ts';
import type { ConcurrentFinding } from './finding.ts';

const FIRST_SECOND = 1e9;

const seconds = (time: number): string => ((time - FIRST_SECOND) / 1e9).toFixed(3);

/** Operations for people, a line each: when in the order of events and in seconds, who on which kernel, the call, the result. */
export function showOperations(operations: readonly Operation[]): string {
  const rows = operations.map(({ pid, client, call, invoked, returned, result }) => {
    const events = `${invoked.event}-${returned?.event ?? ''}`;
    const times = `${seconds(invoked.time)}-${returned === undefined ? '' : seconds(returned.time)}`;
    const outcome = result === undefined ? 'never returned' : `= ${showResult(result)}`;
    return { events, times, text: `p${pid} on k${client}  ${showCall(call)} ${outcome}` };
  });
  const wide = (texts: readonly string[]) => Math.max(0, ...texts.map(({ length }) => length));
  const [events, times] = [wide(rows.map((row) => row.events)), wide(rows.map((row) => row.times))];
  return rows.map((row) => `${row.events.padStart(events)}  ${row.times.padStart(times)} s  ${row.text}`).join('\n');
}

/** The finding for people: what contradicts what, and what still holds. */
export function showConcurrentFinding(finding: ConcurrentFinding): string {
  const { level, strongest, contradiction, stuck, setting, history } = finding;
  const settings = setting.settings === undefined ? '' : `\nwith ${showSettings(setting.settings)}`;
  if (contradiction === undefined) {
    const unfinished = history.operations.filter(({ returned }) => returned === undefined);
    return `not live: calls that never end${settings}\n${showOperations(unfinished)}\n${stuck.join('\n')}`;
  }
  const still = strongest === undefined ? 'it keeps none of the weaker levels' : `it still is ${showLevel(strongest)}`;
  const title = `not ${showLevel(level)} (${contradiction.object}); ${still}`;
  return `${title}${settings}\n${showOperations(contradiction.operations)}`;
}
