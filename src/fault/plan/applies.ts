import {
  diskOperations,
  type FuseOperation,
  fuseOperations,
  networkOperations,
  nfsOperations,
  type OperationName,
  rpcOperations,
} from './operations.ts';
import type { Fault, FaultKind, Where } from './plan.ts';

const data: readonly FuseOperation[] = ['READ', 'WRITE', 'READLINK', 'GETXATTR', 'SETXATTR'];
const transfers: readonly FuseOperation[] = ['READ', 'WRITE'];
const syncs: readonly FuseOperation[] = ['FSYNC', 'FSYNCDIR', 'SYNCFS'];
const entries: readonly FuseOperation[] = ['LOOKUP', 'MKNOD', 'MKDIR', 'SYMLINK', 'LINK', 'CREATE', 'TMPFILE'];
const attributes: readonly FuseOperation[] = ['GETATTR', 'SETATTR', ...entries];
/** What nobody answers, or nobody may refuse. */
const control: readonly FuseOperation[] = ['FORGET', 'INTERRUPT', 'DESTROY'];
const answered = fuseOperations.filter((name) => !control.includes(name));
const handles: readonly FuseOperation[] = [
  'READ',
  'WRITE',
  'FLUSH',
  'FSYNC',
  'READDIR',
  'READDIRPLUS',
  'FSYNCDIR',
  'FALLOCATE',
  'LSEEK',
  'COPY_FILE_RANGE',
  'GETLK',
  'SETLK',
  'IOCTL',
  'POLL',
];
/** Requests that name a node and no open file, so that another node can stand in. */
const byNode: readonly FuseOperation[] = ['GETATTR', 'OPEN', 'READLINK', 'GETXATTR', 'LISTXATTR', 'ACCESS', 'STATX'];

const byKind: Readonly<Partial<Record<FaultKind, readonly FuseOperation[]>>> = {
  errno: answered,
  hang: answered,
  drop: answered,
  'bit-flip': data,
  range: data,
  'zero-sector': transfers,
  torn: ['WRITE'],
  misdirect: transfers,
  short: transfers,
  'stale-read': ['READ'],
  lie: attributes,
  'wrong-length': answered,
  'fsync-once': ['FSYNC', 'FSYNCDIR'],
  'fsync-lies': syncs,
};

const stale = { forgotten: answered, handle: handles, generation: entries, reused: byNode } as const;

/** Requests that carry what a kind of fault spoils, and replies that do. */
const requestData: readonly FuseOperation[] = ['WRITE', 'SETXATTR'];
const replyData: readonly FuseOperation[] = ['READ', 'READLINK', 'GETXATTR'];

function linkOperations(where: 'link-request' | 'link-reply', fault: Fault): readonly OperationName[] {
  const request = where === 'link-request';
  switch (fault.kind) {
    case 'bit-flip':
    case 'range':
      return request ? requestData : replyData;
    case 'zero-sector':
      return [request ? 'WRITE' : 'READ'];
    case 'short':
      return request ? transfers : ['READ'];
    case 'delay':
    case 'reorder':
    case 'duplicate':
      return request ? fuseOperations : answered;
    default:
      return filesystemOperations(fault);
  }
}

function filesystemOperations(fault: Fault): readonly OperationName[] {
  if (fault.kind === 'stale') return stale[fault.how];
  return byKind[fault.kind] ?? answered;
}

function diskOperationsOf(fault: Fault): readonly OperationName[] {
  switch (fault.kind) {
    case 'torn':
    case 'lost-write':
      return ['disk-write'];
    case 'flush-lies':
      return ['disk-flush'];
    case 'bit-flip':
    case 'range':
    case 'zero-sector':
    case 'misdirect':
      return ['disk-read', 'disk-write'];
    default:
      return diskOperations;
  }
}

function rpcOperationsOf(where: 'rpc-call' | 'rpc-reply', fault: Fault): readonly OperationName[] {
  switch (fault.kind) {
    case 'errno':
      return nfsOperations.filter((name) => name !== 'NULL');
    case 'bit-flip':
    case 'range':
    case 'zero-sector':
      return [where === 'rpc-call' ? 'WRITE' : 'READ'];
    default:
      return rpcOperations;
  }
}

/** The operations at which a fault can strike. An event of any other is no match, and is not counted. */
export function operationsOf(where: Where, fault: Fault): readonly OperationName[] {
  switch (where) {
    case 'link-request':
    case 'link-reply':
      return linkOperations(where, fault);
    case 'filesystem':
      return filesystemOperations(fault);
    case 'page-cache':
    case 'process':
    case 'clock':
      return fuseOperations;
    case 'network':
      return fault.kind === 'refuse' ? ['connect'] : fault.kind === 'delay' ? networkOperations : ['send'];
    case 'rpc-call':
    case 'rpc-reply':
      return rpcOperationsOf(where, fault);
    case 'disk':
      return diskOperationsOf(fault);
  }
}
