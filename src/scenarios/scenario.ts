import type { FaultPlan } from '../fault/index.ts';
import type { ClientHabits, Export, NfsClientOptions, ServerHabits } from '../nfs/index.ts';
import type { LinkOptions, MountOptions } from '../sim/index.ts';
import type { LockRecovery } from './locks/lock-manager.ts';
import type { World } from './world.ts';

/** How the hosts of a scenario are set up; what is left out is as it should be. */
export interface Setting {
  readonly server?: Partial<ServerHabits>;
  readonly exports?: readonly Export[];
  /** Faults of the server's filesystem. */
  readonly disk?: FaultPlan;
  /** nfs (the default), or stateful: the clients keep references and open files at the server, as FUSE does. */
  readonly protocol?: 'nfs' | 'stateful';
  readonly client?: Partial<Omit<NfsClientOptions, 'habits'>> & { readonly habits?: Partial<ClientHabits> };
  /** Inodes that the server has room for. */
  readonly serverInodes?: number;
  /** What carries the calls of rules that ask for it. Default tcp. */
  readonly transport?: 'tcp' | 'udp';
  /** Locks are kept by a lock manager of the server, which does this when it reboots. Default: each client has its own. */
  readonly locks?: LockRecovery;
  /** Inodes for which a client's kernel has memory: above it frees what is not in use. Default: no end. */
  readonly inodesMost?: number;
  /** What the clients' kernels keep by themselves. Default: nothing. */
  readonly mount?: MountOptions;
  readonly link?: LinkOptions;
  /** Clients begin with the same transaction number. */
  readonly sameXids?: boolean;
  /** Nanoseconds between two times that the server can tell apart. */
  readonly serverTick?: number;
  /** Bytes that the server has room for. */
  readonly serverSpace?: number;
}

/** What a program saw, by the name of the observation. An errno stands for a call that failed. */
export type Seen = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** A failure as it can be had on purpose. */
export interface Scenario {
  readonly id: string;
  /** Its row in the catalogue, from 1 on. */
  readonly row: number;
  readonly title: string;
  readonly layer: string;
  /** What happens, in a sentence or two. */
  readonly story: string;
  readonly source: string;
  /** What the remedy is, in words. */
  readonly remedy: string;
  /** Clients there are: a, b, ... Default 2. */
  readonly clients?: number;
  /** Of both runs, of the run that fails, and of the run with the remedy. */
  readonly setting?: Setting;
  readonly failing?: Setting;
  readonly remedied: Setting;
  run(world: World): Promise<Seen>;
  /** What the program sees without and with the remedy; the faults strike in both. */
  readonly symptom: Seen;
  readonly sound: Seen;
}

/** A row of the catalogue that does not run, and why. */
export interface MissingScenario {
  readonly id: string;
  readonly row: number;
  readonly title: string;
  readonly why: string;
}
