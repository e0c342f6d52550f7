import type { KernelFaults } from './kernel-faults.ts';
import { FaultPlanError } from './plan/error.ts';
import type { FaultPlan, Rule } from './plan/plan.ts';

/** What the place where a plan is to be used can do; plain data. */
export interface FaultSupport {
  /** Name of the place, for messages. */
  readonly place: string;
  /** Whether there is a link of FUSE messages; 'at once': one without timers. */
  readonly link: boolean | 'at once';
  /** How the filesystem answers; undefined where it is another program's, and only the link is in our hands. */
  readonly mode: 'sync' | 'async' | undefined;
  readonly kernel: readonly (keyof KernelFaults)[];
  /** Whether the filesystem's clock, network and disks are in our hands. */
  readonly surroundings: boolean;
  /** The filesystem's disks lose their power. */
  readonly volatileDisks: boolean;
  /** The filesystem itself can lose what was not synced. */
  readonly volatileFilesystem: boolean;
  /** Whether messages of remote procedure calls pass here; left out, they do not. */
  readonly rpc?: boolean;
}

/**
 * Refuses a plan that asks for what there is not: a fault that can never strike would go unnoticed.
 *
 * @throws FaultPlanError that names each rule and the reason
 */
export function checkSupport(plan: FaultPlan, support: FaultSupport, source = 'fault plan'): void {
  const problems = plan.rules.flatMap((rule, i) => {
    const why = whyNot(rule, support);
    const message = `"${rule.name}": ${rule.what.kind} at ${rule.where} is not possible ${support.place}: ${why}`;
    return why === undefined ? [] : [{ place: `rules[${i}]`, message }];
  });
  if (problems.length > 0) throw new FaultPlanError(source, problems);
}

/** Whether a place can do what a rule asks for. */
export const isSupported = (rule: Rule, support: FaultSupport): boolean => whyNot(rule, support) === undefined;

const NOT_OURS = 'the surroundings of the filesystem are not in our hands; mount a module instead of an object';

const RPC_ONLY = 'only messages of NFS pass here; use the place "rpc-call" or "rpc-reply"';

function whyNot(rule: Rule, support: FaultSupport): string | undefined {
  const { link, mode, kernel, surroundings, volatileDisks, volatileFilesystem, rpc = false } = support;
  const { what, where } = rule;
  if (rpc && where !== 'rpc-call' && where !== 'rpc-reply') return RPC_ONLY;
  switch (where) {
    case 'link-request':
    case 'link-reply':
      if (link === false) return 'there are no FUSE messages here; use the place "filesystem"';
      return link === 'at once' && needsTime(rule) ? 'it was mounted without timers; mount with this plan' : undefined;
    case 'filesystem':
      if (mode === undefined) return 'the filesystem is another program; use the place "link-request" or "link-reply"';
      if (what.kind === 'power-cut' && !volatileFilesystem)
        return 'it does not tell what is synced from what is not; put volatile over it (volatile:ram)';
      return what.kind === 'hang' && mode === 'sync'
        ? 'the filesystem answers one call after the other, so nothing could interrupt it; use the place "link-request"'
        : undefined;
    case 'disk':
      if (!surroundings) return NOT_OURS;
      return what.kind === 'power-cut' && !volatileDisks ? 'its disks are real' : undefined;
    case 'network':
      return surroundings ? undefined : NOT_OURS;
    case 'rpc-call':
    case 'rpc-reply':
      return rpc ? undefined : 'no messages of NFS pass here; they do in `estale nfs proxy`';
    case 'page-cache':
    case 'process':
      return whyNotAround(rule, link, kernel);
    case 'clock':
      return surroundings && kernel.includes('jump') ? undefined : NOT_OURS;
  }
}

function whyNotAround({ what }: Rule, link: boolean | 'at once', kernel: FaultSupport['kernel']): string | undefined {
  switch (what.kind) {
    case 'keep-stale':
      return link === false ? 'there are no FUSE messages here' : undefined;
    case 'restart':
      return !kernel.includes('restart') || link !== true ? 'nobody could start its daemon again' : undefined;
    case 'drop-pages':
      return !kernel.includes('dropPages') ? "the kernel's caches are everybody's" : undefined;
    case 'drop-dentries':
      return !kernel.includes('dropDentries') ? "the kernel's caches are everybody's" : undefined;
    case 'interrupt':
      return !kernel.includes('interrupt') ? "what a signal does to a real process is the process's own" : undefined;
    case 'kill':
      return !kernel.includes('kill') ? 'its callers are not known here' : undefined;
    case 'crash':
      return !kernel.includes('crash') ? 'there is no daemon that could die' : undefined;
    default:
      return undefined;
  }
}

/** Whether a rule at the link needs a timer, without which a message that is held would never go on. */
export function needsTime({ where, what }: Rule): boolean {
  if (where !== 'link-request' && where !== 'link-reply') return false;
  switch (what.kind) {
    case 'delay':
    case 'duplicate':
    case 'reorder':
    case 'full-queue':
    case 'interrupt':
      return true;
    default:
      return false;
  }
}
