import { parseScript } from '../../../src/check/index.ts';
import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import { Message } from '../../../src/fuse/message.ts';
import { decodeRequest } from '../../../src/fuse/protocol/index.ts';
import type { SimulateOptions } from '../../../src/sim/index.ts';
import type { SysResult } from '../../../src/vfs/index.ts';
import { plain, type Traced, traced } from './trace.ts';

const FATTR = ['MODE', 'UID', 'GID', 'SIZE', 'ATIME', 'MTIME', 'FH', 'ATIME_NOW', 'MTIME_NOW', 'LOCKOWNER', 'CTIME'];

/** A request with what matters of transfers and changes: `READ 0+16384`, `SETATTR FH|MTIME|CTIME`. */
function brief(message: Message, length: number): string {
  const request = decodeRequest(message, length);
  if (request.op === 'READ' || request.op === 'WRITE')
    return `${request.op} ${request.body.offset}+${request.body.size}`;
  if (request.op !== 'SETATTR') return request.op;
  const bits = FATTR.filter((_, i) => (request.body.valid & (1 << i)) !== 0);
  return bits.length === 0 ? 'SETATTR' : `SETATTR ${bits.join('|')}`;
}

/** A simulation that runs scripts. */
export interface Scripted extends Traced {
  /** Runs lines such as `p1 close(fd3)` (`p1` may be left out), and gives their results. */
  run(script: string): unknown[];
  /** The same, and gives the requests that were sent. */
  sent(script: string): string[];
}

/** Names and attributes are kept for ever unless the options say otherwise. */
export function scripted(mount: SimulateOptions['mount'] = {}, factory: FileSystemFactory = ram): Scripted {
  let seen: string[] = [];
  const sim = traced(
    {
      mount: { entryTimeout: 1e6, attributeTimeout: 1e6, autoInvalData: false, handleKillprivV2: false, ...mount },
      observe: (fromKernel, message, length) => {
        if (!fromKernel) return;
        const copy = new Message(length);
        copy.bytes.set(message.bytes.subarray(0, length));
        seen.push(brief(copy, length));
      },
    },
    factory,
  );
  const run = (script: string): unknown[] => {
    const lines = script.split('\n').map((line) => line.trim());
    const text = lines.map((line) => (line === '' || /^p\d/.test(line) ? line : `p1 ${line}`)).join('\n');
    return parseScript(text).steps.map(({ pid, call }) => plain(sim.kernel.call(pid, call) as SysResult));
  };
  const sent = (script: string): string[] => {
    seen = [];
    run(script);
    return seen.filter((text) => text !== 'GETXATTR');
  };
  return { ...sim, run, sent };
}
