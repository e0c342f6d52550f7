import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { checkPlan, type FaultPlan } from '../../src/fault/index.ts';
import type { FileSystemModule } from '../../src/fuse/device/index.ts';
import type { CrashPromise } from '../../src/vfs/index.ts';
import { describeMounts, mountTest as test } from '../support/mount.ts';
import { noSqlite, sqlite } from '../support/sqlite.ts';

const volatileRam = (promise: CrashPromise): FileSystemModule => ({
  module: new URL('../../src/filesystems/index.ts', import.meta.url).href,
  exportName: 'volatile',
  options: { over: 'ram', promise },
});

const ROWS = 5;
const CRASHES = 100;

/** The power fails before the nth request of a database that changes something, and half of what is not synced is lost. */
const powerCut = (nth: number): FaultPlan =>
  checkPlan({
    seed: nth,
    rules: [
      {
        name: `cut ${nth}`,
        where: 'filesystem',
        when: { operation: ['WRITE', 'FSYNC', 'FSYNCDIR', 'SETATTR', 'CREATE', 'UNLINK'], path: `/${nth}.db*`, nth },
        what: { kind: 'power-cut', keep: 0.5 },
      },
    ],
  });

/** Transactions of one row each; sqlite3 says a number when it has committed. */
function script(pragmas: string): string {
  const rows = Array.from(
    { length: ROWS },
    (_, i) => `insert into t values(${i + 1}, hex(zeroblob(2500)));\nselect ${i + 1};`,
  );
  return `${pragmas}\ncreate table t(n integer primary key, x text);\nselect 0;\n${rows.join('\n')}\n`;
}

interface Outcome {
  readonly nth: number;
  readonly committed: number;
  /** What was found after the restart: the last row, or what is wrong. */
  readonly found: number | string;
}

function afterwards(database: string): number | string {
  const { lines, error } = sqlite(
    database,
    'pragma integrity_check;\nselect count(*) from t;\nselect max(n) from t;\n',
  );
  if (error.includes('no such table')) return -1;
  if (error !== '' || lines[0] !== 'ok') return `${lines.join(' ')} ${error}`.trim();
  const [, count, last = '0'] = lines;
  return count === last || count === '0' ? Number(last) : `${count} rows, the last is ${last}`;
}

/** Committed transactions that are lost, and databases that are broken. */
const losses = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  outcomes.filter(({ committed, found }) => typeof found === 'string' || found < committed);

describe.skipIf(noSqlite)('sqlite3 on a volatile filesystem whose power fails', () => {
  describeMounts('on a real mount', () => {
    const crashing = test.extend<{ crashed: (promise: CrashPromise, pragmas: string) => Promise<readonly Outcome[]> }>({
      crashed: async ({ place, mounting }, use) => {
        await use(async (promise, pragmas) => {
          const mounted = await mounting(volatileRam(promise), { faults: powerCut(1) });
          return Array.from({ length: CRASHES }, (_, i): Outcome => {
            mounted.faults?.set(powerCut(i + 1));
            const database = join(place, `${i + 1}.db`);
            const { lines } = sqlite(database, script(pragmas));
            const committed = Number(lines.filter((line) => /^\d+$/.test(line)).at(-1) ?? -1);
            return { nth: i + 1, committed, found: afterwards(database) };
          });
        });
      },
    });

    crashing('synchronous=FULL keeps every committed transaction', async ({ crashed }) => {
      const outcomes = await crashed('posix', 'pragma journal_mode=truncate;\npragma synchronous=full;');
      expect(losses(outcomes)).toEqual([]);
      expect(new Set(outcomes.map(({ committed }) => committed)).size).toBeGreaterThan(3);
    });

    crashing('synchronous=OFF loses some', async ({ crashed }) => {
      const outcomes = await crashed('posix', 'pragma journal_mode=truncate;\npragma synchronous=off;');
      expect(losses(outcomes)).not.toEqual([]);
    });

    crashing('FULL with a journal whose removal is not synced takes a transaction back', async ({ crashed }) => {
      const full = await crashed('posix', 'pragma journal_mode=delete;\npragma synchronous=full;');
      expect(losses(full).every(({ found }) => typeof found === 'number')).toBe(true);
      expect(losses(full)).not.toEqual([]);
    });

    crashing('EXTRA syncs the removal too, and loses none', async ({ crashed }) => {
      const extra = await crashed('posix', 'pragma journal_mode=delete;\npragma synchronous=extra;');
      expect(losses(extra)).toEqual([]);
    });
  });
});
