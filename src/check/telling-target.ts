import type { Call, Kernel, SysResult } from '../vfs/index.ts';
import { showCall } from './script.ts';
import { showResult } from './show-result.ts';
import type { Target } from './target.ts';

/** The target, whose kernels tell each call, the messages that it sent and received, and its result: a line each. */
export function tellingTarget(target: Target, tell: (line: string) => void): Target {
  const told = new WeakMap<Kernel, Kernel>();
  const start: Target['start'] = async (_trace, settings, faults): Promise<Kernel> => {
    const kernel = await target.start((line) => tell(`        ${line}`), settings, faults);
    const tellResult = (result: SysResult): SysResult => {
      tell(`        = ${showResult(result)}`);
      return result;
    };
    const { together } = kernel;
    const telling: Kernel = {
      name: kernel.name,
      timeSlack: kernel.timeSlack,
      spawn: (pid, credentials, umask) => kernel.spawn(pid, credentials, umask),
      call: (pid: number, call: Call) => {
        tell(`p${pid}  ${showCall(call)}`);
        const result = kernel.call(pid, call);
        return result instanceof Promise ? result.then(tellResult) : tellResult(result);
      },
      together:
        together &&
        ((calls) => {
          for (const { pid, call } of calls) tell(`p${pid} &${showCall(call)}`);
          const tellResults = (results: readonly SysResult[]): readonly SysResult[] => {
            for (const [i, result] of results.entries()) tell(`        p${calls[i].pid} = ${showResult(result)}`);
            return results;
          };
          const results = together.call(kernel, calls);
          return results instanceof Promise ? results.then(tellResults) : tellResults(results);
        }),
      now: () => kernel.now(),
      close: () => kernel.close(),
    };
    told.set(telling, kernel);
    return telling;
  };
  const leaks: Target['leaks'] = (kernel) => target.leaks?.(told.get(kernel) ?? kernel) ?? [];
  const faultsOf: Target['faultsOf'] = (kernel) => target.faultsOf?.(told.get(kernel) ?? kernel);
  return { ...target, start, leaks, faultsOf };
}
