import { checkPlan, FaultPlanError } from '../../fault/index.ts';
import { arrayAt, FormatError, numberAt, objectAt, stringAt } from '../json.ts';
import type { RunFaults } from './run.ts';

/** Faults and where they strike. @throws {FormatError} that names the place, what is expected there and what is given. */
export function faultsAt(place: string, value: unknown): RunFaults {
  const { plan, only } = objectAt(place, value);
  const checked = planAt(`${place}.plan`, plan);
  if (only === undefined) return { plan: checked };
  const struck = arrayAt(`${place}.only`, only).map((one, i) => {
    const here = `${place}.only[${i}]`;
    const { rule, label, step, inStep } = objectAt(here, one);
    return {
      rule: stringAt(`${here}.rule`, rule),
      label: stringAt(`${here}.label`, label),
      step: numberAt(`${here}.step`, step),
      inStep: stringAt(`${here}.inStep`, inStep),
    };
  });
  return { plan: checked, only: struck };
}

function planAt(place: string, plan: unknown): RunFaults['plan'] {
  try {
    return checkPlan(plan, place);
  } catch (error) {
    if (error instanceof FaultPlanError) throw new FormatError(place, `a fault plan (${error.message})`, plan);
    throw error;
  }
}
