import { type Capability, capabilityProblem } from '../check/profile.ts';
import { UsageError } from './usage.ts';

/** A capability by its name; `where` says who named it. @throws UsageError with the nearest name */
export function capabilityNamed(where: string, name: string): Capability {
  const problem = capabilityProblem(name);
  if (problem !== undefined) throw new UsageError(`${where}: ${problem}`);
  return name as Capability;
}
