import { readFileSync } from 'node:fs';
import { type FaultPlan, FaultPlanError, parsePlan } from '../fault/index.ts';
import { UsageError, whyUnread } from './usage.ts';

/** The text of a file with a plan. @throws UsageError */
export function readPlanText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`fault plan ${path}: ${whyUnread(error)}`);
  }
}

/** The plan in a file. @throws UsageError that names each line, key, the expected and the given */
export function readPlan(path: string): FaultPlan {
  const text = readPlanText(path);
  try {
    return parsePlan(text, path);
  } catch (error) {
    if (error instanceof FaultPlanError) throw new UsageError(error.message);
    throw error;
  }
}
