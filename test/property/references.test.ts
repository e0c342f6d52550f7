import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Program, programs } from '../../src/check/index.ts';
import type { FileSystemFactory } from '../../src/env/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { createSimulation, type MountOptions } from '../../src/sim/index.ts';
import { type Created, Errno, type FileSystem, type Handle, type Opened } from '../../src/vfs/index.ts';

/** The ram filesystem; `open` holds the handles that it gave out and did not get back. */
function watched(open: Set<Handle>): FileSystemFactory {
  return (environment, options) => {
    const filesystem = ram(environment, options) as Required<FileSystem>;
    const gives = <Name extends 'open' | 'opendir' | 'create' | 'tmpfile'>(name: Name) => {
      const method = filesystem[name] as (...given: unknown[]) => Opened | Created | Errno;
      return (...given: unknown[]) => {
        const answer = method.apply(filesystem, given);
        if (!(answer instanceof Errno)) open.add('opened' in answer ? answer.opened.fh : answer.fh);
        return answer;
      };
    };
    const takes = (name: 'release' | 'releasedir') => {
      const method = filesystem[name] as (...given: unknown[]) => unknown;
      return (...given: unknown[]) => {
        open.delete(given[1] as Handle);
        return method.apply(filesystem, given);
      };
    };
    return Object.assign(filesystem, {
      open: gives('open'),
      opendir: gives('opendir'),
      create: gives('create'),
      tmpfile: gives('tmpfile'),
      release: takes('release'),
      releasedir: takes('releasedir'),
    }) as FileSystem;
  };
}

function leftOver(program: Program, mount: MountOptions): { references: unknown[]; handles: Handle[] } {
  const handles = new Set<Handle>();
  const { kernel, session } = createSimulation(watched(handles), { mount, traceHash: false });
  const pids = new Set(program.processes.map(({ pid }) => pid));
  for (const process of program.processes) kernel.spawn(process.pid, process, process.umask);
  for (const { pid, call } of program.steps) {
    if (call.op === 'fork') pids.add(call.child);
    // A lock that nobody gives back is not waited for.
    if (call.op !== 'setlk' && call.op !== 'flock') kernel.call(pid, call);
  }
  for (const pid of pids) kernel.call(pid, { op: 'exit', status: 0 });
  kernel.dropCaches();
  const references = [...session.lookups];
  kernel.close();
  return { references, handles: [...handles] };
}

describe('when every process has ended and the caches are dropped, the filesystem has every reference and handle back', () => {
  const mounts: Readonly<Record<string, MountOptions>> = {
    'nothing cached': {},
    'everything cached': { entryTimeout: 1000, attributeTimeout: 1000, negativeTimeout: 1000 },
    'for moments': { entryTimeout: 0.003, attributeTimeout: 0.002, negativeTimeout: 0.001, directIo: true },
  };
  for (const [name, mount] of Object.entries(mounts))
    test(name, () => {
      fc.assert(
        fc.property(programs(), (program) => {
          expect(leftOver(program, mount)).toEqual({ references: [], handles: [] });
        }),
        { numRuns: 300 },
      );
    });
});
