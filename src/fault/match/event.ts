import type { U64 } from '../../vfs/index.ts';
import type { OperationName } from '../plan/operations.ts';
import type { FaultKind, Where } from '../plan/plan.ts';

/** Something at which a rule can strike. What does not apply is left out. */
export interface FaultEvent {
  readonly where: Where;
  readonly operation: OperationName;
  readonly node?: number;
  readonly fh?: U64;
  readonly uid?: number;
  readonly pid?: number;
  /** Bytes of the file or disk that it is about. */
  readonly offset?: number;
  readonly length?: number;
  readonly unique?: U64;
  readonly disk?: string;
  readonly host?: string;
  readonly port?: number;
  /** Number of the remote procedure call. */
  readonly xid?: number;
  /** The answer is an error, or says that there is nothing: there is nothing in it to spoil. */
  readonly failed?: boolean;
  /** Every path that the node is known by, or that the operation names. */
  readonly paths: () => readonly string[];
}

/** A fault that was injected. */
export interface InjectedFault {
  readonly rule: string;
  readonly where: Where;
  readonly kind: FaultKind;
  readonly operation: OperationName;
  /** The event in a form that is the same in every run in which it happens. */
  readonly label: string;
  /** Where the steps of a run are counted (`FaultEngine.begin`): the step, and which of its events this is. */
  readonly step?: number;
  readonly inStep?: string;
  readonly path?: string;
  readonly node?: number;
  readonly pid?: number;
  /** Bytes of the file or disk that the event is about. */
  readonly offset?: number;
  readonly length?: number;
  /** Number of the FUSE request. */
  readonly unique?: U64;
  /** Number of the remote procedure call. */
  readonly xid?: number;
  /** Milliseconds since the faults were armed. */
  readonly time: number;
  /** The rule did not strike here: it is the lasting effect of an earlier strike. */
  readonly lasting?: true;
  /** What exactly was done: the errno, the bits, the attributes. */
  readonly detail: string;
}

/** What is shown of a fault: words are texts here, as in a trace that a later version wrote. */
export interface ShownFault extends Pick<InjectedFault, 'rule' | 'path' | 'node' | 'unique' | 'xid' | 'detail'> {
  readonly where: string;
  readonly kind: string;
  readonly operation: string;
}

/** One line of text: `fault "full": errno ENOSPC at filesystem, WRITE "/a" (request 12)`. */
export function showInjected(fault: ShownFault): string {
  const { rule, kind, detail, where, operation, path, node, unique, xid } = fault;
  const target = path !== undefined ? ` ${JSON.stringify(path)}` : node !== undefined ? ` node ${node}` : '';
  const request = unique !== undefined ? ` (request ${unique})` : xid !== undefined ? ` (xid ${xid})` : '';
  return `fault ${JSON.stringify(rule)}: ${kind}${detail === '' ? '' : ` ${detail}`} at ${where}, ${operation}${target}${request}`;
}

/** What a rule came to. */
export interface RuleReport {
  readonly rule: string;
  readonly where: Where;
  readonly kind: FaultKind;
  readonly enabled: boolean;
  /** Events for which its condition held. */
  readonly matched: number;
  /** Faults that it injected. */
  readonly injected: number;
}

/** `rule "full": armed, never fired`, for each rule that injected nothing: a test that injected nothing proves nothing. */
export function showUnfired(reports: readonly RuleReport[]): readonly string[] {
  return reports
    .filter(({ injected }) => injected === 0)
    .map(({ rule, enabled, matched }) => {
      if (!enabled && matched === 0) return `rule ${JSON.stringify(rule)}: turned off, never fired`;
      const why = matched === 0 ? '' : ` (its condition held ${matched} times, but there was nothing to spoil)`;
      return `rule ${JSON.stringify(rule)}: armed, never fired${why}`;
    });
}
