import type { Condition } from './condition.ts';
import type {
  ClockFault,
  DiskFault,
  FilesystemFault,
  LinkReplyFault,
  LinkRequestFault,
  NetworkFault,
  PageCacheFault,
  ProcessFault,
  RpcCallFault,
  RpcReplyFault,
} from './faults.ts';

/** Which faults there are at each place: what a rule may say under `what`. */
export interface FaultsAt {
  /** Requests on their way from the kernel to the daemon. */
  readonly 'link-request': LinkRequestFault;
  /** Replies on their way back. */
  readonly 'link-reply': LinkReplyFault;
  /** The calls of a `FileSystem` object, whoever makes them. */
  readonly filesystem: FilesystemFault;
  /** What the kernel keeps. */
  readonly 'page-cache': PageCacheFault;
  /** The processes that make the calls, and the daemon's. */
  readonly process: ProcessFault;
  /** The time of day. */
  readonly clock: ClockFault;
  /** Messages that the filesystem sends over the network of its environment. */
  readonly network: NetworkFault;
  /** Calls of NFSv3 and MOUNT on their way to a server. */
  readonly 'rpc-call': RpcCallFault;
  /** Replies on their way back. */
  readonly 'rpc-reply': RpcReplyFault;
  /** The disks of its environment. */
  readonly disk: DiskFault;
}

export type Where = keyof FaultsAt;

export const wheres = [
  'link-request',
  'link-reply',
  'filesystem',
  'page-cache',
  'process',
  'clock',
  'network',
  'rpc-call',
  'rpc-reply',
  'disk',
] as const satisfies readonly Where[];

/** A rule at one place. Names tell rules apart: in events, in conditions of others, and for those who change the plan. */
export interface RuleAt<W extends Where> {
  readonly name: string;
  readonly where: W;
  /** When it strikes; left out, always. */
  readonly when?: Condition;
  readonly what: FaultsAt[W];
  /** How often it strikes at most; left out, without end. */
  readonly times?: number;
  /** false: it rests until somebody turns it on. Default true. */
  readonly enabled?: boolean;
}

export type Rule = { [W in Where]: RuleAt<W> }[Where];

/** Any fault of any place. */
export type Fault = FaultsAt[Where];
export type FaultKind = Fault['kind'];

export interface FaultPlan {
  /** An integer; it decides every draw. Default 0. */
  readonly seed?: number;
  /** Switches that conditions ask for, as they are at the start. */
  readonly switches?: Readonly<Record<string, boolean>>;
  readonly rules: readonly Rule[];
}
