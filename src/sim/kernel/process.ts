import type { Credentials, SysResult } from '../../vfs/index.ts';
import { type Dentry, dGet, dPut } from './dcache.ts';
import type { FileHandle } from './exportfs.ts';
import type { File } from './file.ts';
import { fput } from './file-table.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { FuseRequest } from './fuse-request.ts';
import type { VmArea } from './mmap.ts';
import { Nameidata } from './nameidata.ts';
import { isOperation, type Operation } from './operation.ts';
import type { PendingCall } from './pending-call.ts';
import { SharedState } from './shared-state.ts';
import { startCall } from './syscalls.ts';

/** RLIMIT_NOFILE. */
export const OPEN_MAX = 20000;
/** A process has standard input, output and error of its own, which are none of the filesystem's: descriptors start here. */
export const FIRST_FD = 3;

/** struct task_struct, with one system call at a time (include/linux/sched.h). */
export class Process {
  readonly pid: number;
  readonly fc: FuseConnection;
  credentials: Credentials;
  readonly shared: SharedState;
  /** The descriptor table; holes are undefined. */
  readonly files: (File | undefined)[];
  /** Mappings of memory, and the file handles it keeps, by number; holes are undefined. */
  readonly maps: (VmArea | undefined)[];
  readonly handles: (FileHandle | undefined)[];
  readonly owner: number;
  /** Open files that the call under way holds. */
  readonly #held: File[] = [];
  readonly request: FuseRequest;
  readonly nd = new Nameidata();
  readonly nd2 = new Nameidata();
  /** The system call under way. */
  pending: PendingCall | undefined;
  operation: Operation<SysResult> | undefined;
  /** What a kernel thread does, instead of system calls. */
  work: Operation<void> | undefined;
  /** Calls so far, and sleeps within the call, whether or not they were passed over inline: they make the labels. */
  calls = 0;
  sleeps = 0;
  /** What the process sleeps for, for messages. */
  sleepsFor = '';
  asleep = false;
  /** Ends an interruptible sleep early. */
  onSignal: (() => void) | undefined;
  /** signal_pending: a signal whose handler waits for the call to return. */
  signalPending = false;
  /** fatal_signal_pending. */
  fatalSignal = false;
  /** Where the last write of the call ended. */
  writtenTo = 0;
  /** LOOKUP_REVAL in the second try of a call that met ESTALE (retry_estale, include/linux/namei.h). */
  revalidate = 0;

  constructor(fc: FuseConnection, pid: number, credentials: Credentials, shared: SharedState) {
    this.fc = fc;
    this.pid = pid;
    this.credentials = credentials;
    this.shared = shared;
    this.files = shared.files;
    this.maps = shared.maps;
    this.handles = shared.handles;
    this.owner = shared.owner;
    this.request = new FuseRequest(this);
  }

  static spawn(fc: FuseConnection, pid: number, credentials: Credentials, umask: number, cwd: Dentry): Process {
    return new Process(fc, pid, credentials, new SharedState(lockOwner(pid, 0x6c6f), umask, cwd));
  }

  /** copy_process (kernel/fork.c) with CLONE_THREAD, CLONE_VM, CLONE_FILES and CLONE_FS. */
  thread(pid: number): Process {
    this.shared.users += 1;
    return new Process(this.fc, pid, this.credentials, this.shared);
  }

  get umask(): number {
    return this.shared.umask;
  }

  get cwd(): Dentry {
    return this.shared.cwd;
  }

  get label(): string {
    return `${this.fc.name}${this.pid}.${this.calls}.${this.sleeps}`;
  }

  /** CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID and the rest: root has all capabilities, others none. */
  get capable(): boolean {
    return this.credentials.uid === 0;
  }

  /** in_group_p (kernel/groups.c). */
  inGroup(gid: number): boolean {
    const { credentials } = this;
    return credentials.gid === gid || credentials.groups.includes(gid);
  }

  /** Goes to sleep, for a request where `what` is empty; the operation yields next. */
  sleep(what: string): void {
    if (what !== '') this.sleeps += 1;
    this.sleepsFor = what;
    this.asleep = true;
  }

  wake(): void {
    if (!this.asleep) return;
    this.asleep = false;
    this.onSignal = undefined;
    this.fc.scheduler.makeReady(this);
  }

  /** Runs, from the start of the call or where it slept, until the next sleep or the end. */
  run(): void {
    const { pending } = this;
    if (pending === undefined) {
      if (this.work?.next().done) this.work = undefined;
      return;
    }
    let { operation } = this;
    if (operation === undefined) {
      const started = startCall(this.fc, this, pending.call);
      if (!isOperation(started)) {
        this.fc.finishCall(this, pending, started);
        return;
      }
      operation = started;
      this.operation = operation;
    }
    const step = operation.next();
    if (step.done) this.fc.finishCall(this, pending, step.value);
  }

  setCwd(dentry: Dentry): void {
    dGet(dentry);
    dPut(this.fc, this.cwd);
    this.shared.cwd = dentry;
  }

  /** The open file of a descriptor; where another thread may close that, the call holds the file (__fget_light, fs/file.c). */
  file(fd: number): File | undefined {
    const file = this.files[fd];
    if (file !== undefined && this.shared.users > 1) {
      file.count += 1;
      this.#held.push(file);
    }
    return file;
  }

  /** fdput, at the end of the call. */
  releaseFiles(): void {
    for (let file = this.#held.pop(); file !== undefined; file = this.#held.pop()) fput(this.fc, file);
  }

  /** The lowest free descriptor (alloc_fd, fs/file.c). */
  freeFd(): number {
    const { files } = this;
    let fd = FIRST_FD;
    while (files[fd] !== undefined) fd += 1;
    return fd;
  }
}

/** A 53-bit id that says nothing about what it stands for, as the kernel's scrambled pointers. */
export function lockOwner(id: number, salt: number): number {
  const low = Math.imul(id ^ Math.imul(salt, 0x85ebca6b), 0x9e3779b1) >>> 0;
  return (salt & 0x1f) * 2 ** 48 + (id & 0xffff) * 2 ** 32 + low;
}
