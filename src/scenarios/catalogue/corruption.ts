import { fragments, hashText, Reassembly } from '../../sim/index.ts';
import type { Scenario } from '../scenario.ts';
import type { WireFault } from '../wire/rule.ts';
import type { World } from '../world.ts';

const TEXT = 'AAAABBBBCCCCDDDD';
const withSum = (text: string): string => `${text}:${hashText(0, text).toString(16)}`;

const wireCorruption: Scenario = {
  id: 'wire-corruption',
  row: 30,
  title: 'a write succeeds, and other bytes are stored',
  layer: 'network',
  story: "Two 16-bit words change places on the way: TCP's checksum is a sum, and holds. AUTH_SYS protects nothing.",
  source: 'Stone and Partridge, SIGCOMM 2000',
  remedy: 'a checksum from end to end: krb5i on NFS, here the one of the file, which its reader verifies',
  remedied: {},
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    world.rule({
      name: 'two words are swapped on the wire',
      at: 'call',
      procedure: 'WRITE',
      fault: { kind: 'damage', damage: 'swap-words', find: 'AABB' },
    });
    const written = await a.put('/f', withSum(TEXT));
    let read = await b.get('/f');
    if (world.remedied && read !== withSum(read.split(':')[0])) {
      await a.put('/f', withSum(TEXT));
      await world.sleep(60_000);
      read = await b.get('/f');
    }
    return { written, text: read.split(':')[0] };
  },
  symptom: { written: 25, text: 'AABBAABBCCCCDDDD' },
  sound: { written: 25, text: TEXT },
};

const PACKET_LOST = 'a packet is lost';

/** WRITEs in UDP datagrams of several packets, the first packet of all lost. Between the second and the third 65,534 others go. */
function datagrams(world: World): WireFault {
  const reassembly = new Reassembly(() => world.scheduler.clock.nanoseconds / 1e6);
  let sent = 0;
  return {
    kind: 'carry',
    with(record) {
      sent++;
      const [first, ...rest] = fragments(record, sent < 3 ? sent : sent + 65_534);
      if (sent === 1) world.happened(PACKET_LOST);
      const arriving = sent === 1 ? rest : [first, ...rest];
      const arrived = arriving.map((fragment) => reassembly.take(fragment));
      return arrived.find((datagram) => datagram !== undefined);
    },
  };
}

const ipIdWrap: Scenario = {
  id: 'ip-id-wrap',
  row: 31,
  title: "a file gets another file's bytes, and the write succeeds",
  layer: 'network',
  story:
    'NFS over UDP: fragments are put together by a number of 16 bits. What is left of a datagram completes another that has the same number, 65,536 later. (A model of the reassembly; the client itself speaks TCP.)',
  source: 'nfs(5), Using NFS over UDP on high-speed links',
  remedy: 'TCP, where the packet is sent again',
  setting: { client: { timeo: 10 } },
  failing: { client: { timeo: 10 }, transport: 'udp' },
  remedied: { client: { timeo: 10 }, transport: 'tcp' },
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    const udp = world.setting.transport === 'udp';
    world.expects(PACKET_LOST);
    const writes = { at: 'call', procedure: 'WRITE' } as const;
    if (udp) world.rule({ ...writes, nth: 'every', fault: datagrams(world) });
    else world.rule({ ...writes, name: PACKET_LOST, fault: { kind: 'delay', ms: 200 } });
    await a.put('/one', 'cdab'.repeat(1000));
    const written = await a.put('/other', 'abcd'.repeat(1000));
    const fd = await b.open('/other');
    const read = await b.pread(fd, 4000);
    return { written, 'wrong bytes': [...read].filter((byte, i) => byte !== 'abcd'[i % 4]).length };
  },
  symptom: { written: 4000, 'wrong bytes': 2656 },
  sound: { written: 4000, 'wrong bytes': 0 },
};

/** Rows 30 and 31: bytes that change on their way. */
export const corruption: readonly Scenario[] = [wireCorruption, ipIdWrap];
