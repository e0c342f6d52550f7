import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { check, probe, simulatedTarget } from '../../src/check/index.ts';
import type { FileSystemFactory } from '../../src/env/index.ts';
import * as vfs from '../../src/vfs/index.ts';

/** The module that docs/writing-a-filesystem.md shows, loaded as it stands there. */
function documented(): FileSystemFactory {
  const text = readFileSync(new URL('../../docs/writing-a-filesystem.md', import.meta.url), 'utf8');
  const module = /```js\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  const [, names] = /import \{ ([^}]*) \} from 'estale';/.exec(module) as RegExpExecArray;
  const exported = new Map<string, unknown>(Object.entries(vfs));
  const body = module.replace(/import .*;/, '').replace('export default', 'return');
  return new Function(...names.split(', '), body)(
    ...names.split(', ').map((name) => exported.get(name)),
  ) as FileSystemFactory;
}

test('the check finds in the example of the documentation what is said there', async () => {
  const target = simulatedTarget('notes', documented());
  const without = new Set((await probe(target)).map(({ capability }) => capability));
  const { findings } = await check({ ...target, without }, { seed: 1, runs: 1500 });
  const signatures = findings.map(({ signature }) => signature).join('\n');
  expect(signatures).toContain('atime changed');
  expect(signatures).toContain('expected ENAMETOOLONG, got ENOENT');
  expect(signatures).toContain('gid wrong');
});
