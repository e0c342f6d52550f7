import { appendFileSync, writeFileSync } from 'node:fs';
import { mountedTest } from '../../../src/vitest/index.ts';
import { ram } from '../mount.ts';

mountedTest(ram)('ends the worker', ({ place }) => {
  appendFileSync(process.env.PLACES as string, `${place}\n`);
  writeFileSync(`${place}/a`, 'b');
  process.kill(process.pid, 'SIGKILL');
});
