import { type CrashFinding, type Finding, programToJson, showCrashFinding, showScript } from '../check/index.ts';

/** A finding that counts: calls that gave a wrong result, or a power failure that broke a promise. */
export type Caught =
  | { readonly kind: 'calls'; readonly finding: Finding }
  | { readonly kind: 'crash'; readonly finding: CrashFinding };

/** As a finding of a crash is known. */
export const crashSignature = ({ violation }: CrashFinding): string => `crash: ${violation.promise}`;

export const signatureOfCaught = (caught: Caught): string =>
  caught.kind === 'calls' ? caught.finding.signature : crashSignature(caught.finding);

/** Calls of the shrunk program; of all programs, where several crashes are needed. */
export function callsOf(caught: Caught): number {
  if (caught.kind === 'calls') return caught.finding.program.steps.length;
  const { stages } = caught.finding;
  return stages.reduce((sum, { program, step = program.steps.length - 1 }) => sum + step + 1, 0);
}

export function caughtAsJson(caught: Caught): unknown {
  const signature = signatureOfCaught(caught);
  if (caught.kind === 'calls') {
    const { conditions, program } = caught.finding;
    return {
      ...{ signature, settings: conditions?.settings },
      ...{ script: showScript(program).split('\n'), program: programToJson(program) },
    };
  }
  const { settings, stages } = caught.finding;
  return {
    ...{ signature, settings, script: showCrashFinding(caught.finding).split('\n') },
    programs: stages.map(({ program }) => programToJson(program)),
  };
}
