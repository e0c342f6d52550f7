import { Model, type ModelOptions } from '../../src/model/index.ts';
import {
  type Call,
  type Credentials,
  type ErrnoName,
  errnoNumbers,
  root,
  type Stat,
  type SysResult,
} from '../../src/vfs/index.ts';

export const at = (sec: number) => ({ sec, nsec: 0 });

/** A model whose clock moves by a second with each call, and results in the words of a test. */
export class Judge {
  readonly model: Model;
  second = 1000;

  constructor(options?: ModelOptions) {
    this.model = new Model(options);
    this.model.spawn(1, root, 0o022);
  }

  user(pid: number, uid: number, gid = uid, groups: readonly number[] = []): this {
    const credentials: Credentials = { uid, gid, groups };
    this.model.spawn(pid, credentials, 0o022);
    return this;
  }

  /** What the model says to a result: 'allowed', or how it differs. */
  by(pid: number, call: Call, result: SysResult | ErrnoName): string {
    this.second++;
    const value = typeof result === 'string' && result in errnoNumbers ? -errnoNumbers[result as ErrnoName] : result;
    const clock = { before: at(this.second), after: at(this.second), slack: 0 };
    return this.model.step(pid, call, value, clock)?.difference ?? 'allowed';
  }

  says(call: Call, result: SysResult | ErrnoName): string {
    return this.by(1, call, result);
  }

  /** Calls that set the scene; each must be allowed with its result. */
  given(...steps: readonly (readonly [Call, SysResult | ErrnoName])[]): this {
    for (const [call, result] of steps) {
      const verdict = this.says(call, result);
      if (verdict !== 'allowed') throw new Error(`${JSON.stringify(call)}: ${verdict}`);
    }
    return this;
  }
}

export function stat(fields: Partial<Stat>): Stat {
  const time = at(1001);
  return {
    ino: 7,
    mode: 0o100644,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 0,
    blocks: 0,
    blksize: 4096,
    atime: time,
    mtime: time,
    ctime: time,
    dev: 1,
    ...fields,
  };
}
