import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { FileSystemFactory } from '../../src/env/index.ts';
import { Errno, errnoFrom, type FileSystem } from '../../src/vfs/index.ts';
import { type Patch, patched } from '../../src/zoo/patch.ts';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const rooms = ['vfs', 'env', 'filesystems'] as const;

/** The journal filesystem of a copy of the compiled program that has patches in it. */
export async function patchedJournal(patches: readonly Patch[]): Promise<FileSystemFactory> {
  const copy = mkdtempSync(join(tmpdir(), 'estale-patched-'));
  try {
    for (const room of rooms) copyModules(join(dist, room), join(copy, room));
    writeFileSync(join(copy, 'package.json'), '{ "type": "module" }');
    for (const patch of patches) {
      const file = join(copy, patch.file.replace(/\.ts$/, '.js'));
      writeFileSync(file, patched(readFileSync(file, 'utf8'), patch));
    }
    const module: { readonly journal: FileSystemFactory } = await import(
      pathToFileURL(join(copy, 'filesystems/journal/index.js')).href
    );
    return (environment, options) => withOurErrnos(module.journal(environment, options));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Without what says where the source maps are: it would lead nowhere. */
function copyModules(from: string, to: string): void {
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.js')) continue;
    mkdirSync(dirname(join(to, name)), { recursive: true });
    writeFileSync(join(to, name), readFileSync(join(from, name), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''));
  }
}

/** The copy has an `Errno` of its own. */
function withOurErrnos(fs: FileSystem): FileSystem {
  return new Proxy(fs, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...given: readonly unknown[]): unknown => {
        const answer: unknown = member.apply(target, given);
        return answer instanceof Errno ? answer : (errnoFrom(answer) ?? answer);
      };
    },
  });
}
