import type { Document } from 'yaml';
import { examine, showPlace } from './check.ts';
import { FaultPlanError, type PlanProblem } from './error.ts';
import type { FaultPlan } from './plan.ts';
import { yaml } from './yaml.ts';

/**
 * The plan in a text of YAML, or of JSON, which is YAML.
 *
 * @param source the file's name, for messages
 * @throws FaultPlanError that names the line, the key, the expected and the given
 */
export function parsePlan(text: string, source = 'fault plan'): FaultPlan {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const positionOf = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (document.errors.length > 0)
    throw new FaultPlanError(
      source,
      document.errors.map(({ message, pos }) => ({ place: '', message, ...positionOf(pos[0]) })),
    );
  const examined = examine(document.toJS());
  if ('rules' in examined) return examined;
  throw new FaultPlanError(
    source,
    examined.map(({ path, message }): PlanProblem => {
      const offset = offsetOf(document, path);
      return { place: showPlace(path), message, ...(offset === undefined ? {} : positionOf(offset)) };
    }),
  );
}

/** Where the value of a path stands in the text, or of the nearest that contains it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  const { isNode } = yaml();
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}
