import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Workers and child processes of the tests run compiled code: it is compiled before the first test, if it is stale. */
export default function build(): void {
  const script = fileURLToPath(new URL('../../scripts/build.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed; see above');
}
