import { type Errno, errno as errnos } from '../../vfs/index.ts';
import type { ErrnoFault } from '../plan/faults.ts';
import { listOf } from '../plan/list.ts';
import type { OperationName } from '../plan/operations.ts';
import { isRealistic } from '../plan/realistic.ts';
import type { Strike } from './engine.ts';

/** The errno with which a fault answers an operation; undefined where none of its errnos is realistic for that. */
export function errnoFor(
  fault: ErrnoFault,
  operation: OperationName,
  drawn: Pick<Strike, 'integer'>,
): Errno | undefined {
  const names = listOf(fault.errno).filter((name) => fault.unrealistic || isRealistic(operation, name));
  return names.length === 0 ? undefined : errnos[names[drawn.integer('errno', names.length)]];
}
