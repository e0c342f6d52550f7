import { O_RDONLY } from '../../vfs/index.ts';
import type { Program } from '../program.ts';
import type { Scenario } from '../scenario.ts';
import type { World } from '../world.ts';

const layer = 'readdir';
/** More than one READDIRPLUS carries. */
const FILES = 250;

const cookieReset: Scenario = {
  id: 'cookie-reset',
  row: 24,
  title: 'a listing leaves out files that are there',
  layer,
  story: "A cookie is a name's position in the directory as it is: what is removed meanwhile moves the others.",
  source: 'nfsserve issues 49 and 50',
  remedy: 'cookies that stay as they are',
  failing: { server: { cookies: 'renumbered' } },
  remedied: { server: { cookies: 'stable' } },
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    const names = world.makeFiles('d', FILES);
    const removed = names.slice(0, 50);
    let first = true;
    const listed = await a.list('/d', {
      between: async () => {
        if (!first) return;
        first = false;
        await world.strike('B removes files while A lists them', async () => {
          for (const name of removed) await b.unlink(`/d/${name}`);
        });
      },
    });
    return { missing: names.filter((name) => !removed.includes(name) && !listed.includes(name)).length };
  },
  symptom: { missing: 50 },
  sound: { missing: 0 },
};

/** rm -r: what it could list it removes. */
async function removeAll(world: World, program: Program): Promise<{ listing: string; rmdir: string | number }> {
  const fd = await program.open('/d', O_RDONLY);
  let listing = 'complete';
  for (;;) {
    const entries = await program.call({ op: 'getdents', fd, size: 4096 });
    if (typeof entries === 'number') {
      listing = 'fails';
      break;
    }
    const named = entries as readonly { readonly name: string }[];
    if (named.length === 0) break;
    await world.strike('files are removed while they are listed', async () => {
      for (const { name } of named) if (!name.startsWith('.')) await program.unlink(`/d/${name}`);
    });
  }
  await program.close(fd);
  return { listing, rmdir: await program.rmdir('/d') };
}

const badCookie: Scenario = {
  id: 'bad-cookie',
  row: 25,
  title: 'rm -r ends with ENOTEMPTY',
  layer,
  story: 'The cookie verifier is the time of the last change: the first removal makes the listing fail.',
  source: 'RFC 1813, 3.3.16',
  remedy: 'a verifier of zero, and cookies that last',
  failing: { server: { cookieVerifier: 'mtime' } },
  remedied: { server: { cookieVerifier: 'zero' } },
  async run(world) {
    const a = world.program('a');
    world.makeFiles('d', FILES);
    return removeAll(world, a);
  },
  symptom: { listing: 'fails', rmdir: 'ENOTEMPTY' },
  sound: { listing: 'complete', rmdir: 0 },
};

/** Rows 24 and 25: listings that go wrong. */
export const directories: readonly Scenario[] = [cookieReset, badCookie];
