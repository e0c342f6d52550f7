import { type Capability, capabilities } from '../check/index.ts';
import { didYouMean } from '../vfs/index.ts';
import { UsageError } from './usage.ts';

/** A capability by its name; `where` says who named it. @throws UsageError with the nearest name */
export function capabilityNamed(where: string, name: string): Capability {
  if (Object.hasOwn(capabilities, name)) return name as Capability;
  const names = Object.keys(capabilities);
  throw new UsageError(
    `${where}: unknown capability "${name}"${didYouMean(name, names)}; there are: ${names.join(', ')}`,
  );
}
