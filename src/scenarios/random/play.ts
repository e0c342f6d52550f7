import { type Program, type ProgramStep, showResult } from '../../check/index.ts';
import { type Call, isRegular, type Stat, type SysResult } from '../../vfs/index.ts';
import type { World } from '../world.ts';
import type { RandomForm } from './form.ts';

/** What each call of a program came to, as far as it is compared. */
export type Results = readonly string[];

/** Runs a program in a world, its processes on the clients in turn. */
export async function play(world: World, { clients, event, rules }: RandomForm, program: Program): Promise<Results> {
  const homes = new Map<number, string>();
  for (const [i, { pid, umask, ...credentials }] of program.processes.entries()) {
    const client = i % clients === 0 ? 'a' : 'b';
    homes.set(pid, client);
    world.client(client).kernel.spawn(pid, credentials, umask);
  }
  for (const rule of rules?.(world) ?? []) world.rule(rule);
  const results: string[] = [];
  const { steps } = program;
  let counted = 0;
  for (let at = 0; at < steps.length; ) {
    const group = groupAt(steps, at, homes);
    if (event !== undefined && (event.calls === undefined || event.calls.includes(steps[at].call.op))) {
      counted++;
      if (!world.disarmed && counted % event.every === 0)
        await (event.kind === 'crash' ? world.crashServer() : world.restartServer());
    }
    const { kernel } = world.client(homes.get(steps[at].pid) ?? 'a');
    const given = await kernel.together(group);
    for (const [i, result] of given.entries()) results.push(compared(group[i].call, result));
    for (const { pid, call } of group) if (call.op === 'fork') homes.set(call.child, homes.get(pid) ?? 'a');
    at += group.length;
  }
  return results;
}

/** The step at `at`, and those that go beside it: other processes of the same client. */
function groupAt(
  steps: readonly ProgramStep[],
  at: number,
  homes: ReadonlyMap<number, string>,
): readonly ProgramStep[] {
  const group = [steps[at]];
  for (const step of steps.slice(at + 1)) {
    const fits = step.beside && group.every(({ pid }) => pid !== step.pid && homes.get(pid) === homes.get(step.pid));
    if (!fits) break;
    group.push(step);
  }
  return group;
}

/** What programs go by: no times, no numbers of inodes and devices, no sizes of directories. */
function compared(call: Call, result: SysResult): string {
  if (call.op === 'statfs' || call.op === 'fstatfs') return typeof result === 'number' ? showResult(result) : 'statfs';
  if (Array.isArray(result))
    return result
      .map((item: string | { name: string }) => (typeof item === 'string' ? item : item.name))
      .sort()
      .join(' ');
  if (result instanceof Uint8Array) return `${result.length} bytes ${Buffer.from(result).toString('base64')}`;
  if (typeof result !== 'object' || !('nlink' in result)) return showResult(result);
  const { mode, nlink, uid, gid, size } = result as Stat;
  return `mode ${mode.toString(8)} nlink ${nlink} uid ${uid} gid ${gid}${isRegular(mode) ? ` size ${size}` : ''}`;
}
