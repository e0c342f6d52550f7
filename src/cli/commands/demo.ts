import { type Finding, memfsTarget, showFinding, simulatedTarget } from '../../check/index.ts';
import { filesystems } from '../../filesystems/index.ts';
import { runCampaign, showReport } from '../campaign.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { CounterexampleFolder } from '../save.ts';
import { exitCode } from '../usage.ts';

const SEED = 2004;
const MEMFS_TIME = 15_000;
const RAM_TIME = 10_000;
const SHOWN = 6;

/** What `npm start` shows: real bugs in a real library, and a filesystem without. */
export async function run(): Promise<number> {
  console.log(`estale: looking for differences between memfs and POSIX for ${MEMFS_TIME / 1000} seconds\n`);
  const findings: Finding[] = [];
  const kinds = new Set<string>();
  const interrupt = listenForInterrupt();
  const memfs = await runCampaign(memfsTarget(), { seed: SEED, time: MEMFS_TIME }, interrupt.signal, (finding) => {
    findings.push(finding);
    const { kind = finding.signature } = finding;
    if (kinds.has(kind)) return;
    kinds.add(kind);
    if (kinds.size <= SHOWN) console.log(`${showFinding(finding)}\n`);
    if (kinds.size === SHOWN) console.log('... and more, which are saved\n');
  });
  const folder = new CounterexampleFolder(undefined, (line) => console.error(`estale: ${line}`));
  const saved = findings.map((finding) => folder.save({ name: 'memfs' }, finding));
  if (interrupt.signal.aborted) return exitCode.nothingFound;

  console.log(`estale: the same for its own ram filesystem, through the FUSE protocol and the simulated kernel\n`);
  const ram = await runCampaign(
    simulatedTarget('ram', filesystems.ram.factory),
    { seed: SEED, time: RAM_TIME },
    interrupt.signal,
    (finding) => console.log(`${showFinding(finding)}\n`),
  );

  console.log(showReport(memfs));
  console.log(showReport(ram));
  console.log(`
Each divergence is a program of system calls that Linux answers otherwise; they are saved in ${folder.directory}/.
Read:  README.md, for the concepts and how to check your own filesystem; docs/memfs.md, for what is wrong in memfs
Type:  npx estale replay ${saved[0] ?? 'FILE'} -v
       npx estale check memfs --time 2m
       mkdir -p /tmp/hello && npx estale mount hello /tmp/hello   (then, elsewhere: cat /tmp/hello/5+34)`);
  return exitCode.nothingFound;
}
