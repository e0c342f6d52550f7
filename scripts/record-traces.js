// Records the traces in test/fixtures/traces again, by running the programs beside them on a ram mount. As root on Linux.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const traces = join(root, 'test', 'fixtures', 'traces');
const programs = JSON.parse(readFileSync(join(traces, 'programs.json'), 'utf8'));

for (const [name, script] of Object.entries(programs)) {
  const directory = mkdtempSync(join(tmpdir(), 'estale-trace-'));
  const file = join(traces, `${name}.trace`);
  const env = { PATH: process.env.PATH, HOME: '/nowhere', GIT_CONFIG_GLOBAL: '/dev/null' };
  for (const who of ['AUTHOR', 'COMMITTER'])
    Object.assign(env, { [`GIT_${who}_NAME`]: 'a', [`GIT_${who}_EMAIL`]: 'a@example.org' });
  const command = ['sh', '-euc', `cd "$0" && ${script}`, directory];
  const result = spawnSync(
    process.execPath,
    [join(root, 'bin', 'estale.js'), 'record', 'ram', directory, '--to', file, '--force', '--', ...command],
    { env, stdio: 'inherit', timeout: 60_000 },
  );
  rmdirSync(directory);
  if (result.status !== 0) {
    console.error(`${name}: ended with ${result.status ?? result.signal}`);
    process.exit(1);
  }
  console.log(`${name}: ${statSync(file).size} bytes`);
}
