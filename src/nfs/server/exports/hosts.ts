/** A client of the server, as rules see it. */
export interface Host {
  readonly address: string;
  readonly name: string | undefined;
}

/** Whether a host is meant; rules that say more come first: a host, a subnet, a pattern, everybody (exports(5)). */
export interface HostRule {
  readonly rank: 0 | 1 | 2 | 3;
  matches(host: Host): boolean;
}

/** What `hosts` of a rule means. @throws Error for a subnet that is none */
export function hostRule(hosts: string): HostRule {
  if (hosts === '*') return { rank: 3, matches: () => true };
  if (hosts.includes('/')) return subnetRule(hosts);
  if (/[*?]/.test(hosts)) {
    const pattern = wildcard(hosts.toLowerCase());
    return { rank: 2, matches: ({ name }) => name !== undefined && pattern.test(name.toLowerCase()) };
  }
  const address = plain(hosts);
  const lower = hosts.toLowerCase();
  return { rank: 0, matches: (host) => plain(host.address) === address || host.name?.toLowerCase() === lower };
}

function subnetRule(hosts: string): HostRule {
  const [network, prefix, more] = hosts.split('/');
  const base = addressBits(network);
  const length = prefix.includes('.') ? maskLength(prefix) : /^\d+$/.test(prefix) ? Number(prefix) : undefined;
  if (base === undefined || length === undefined || more !== undefined || length > base.width)
    throw new Error(`export: expected a subnet such as 10.0.0.0/8 or fd00::/8, given "${hosts}"`);
  const shift = BigInt(base.width - length);
  return {
    rank: 1,
    matches({ address }) {
      const given = addressBits(address);
      return given !== undefined && given.width === base.width && given.bits >> shift === base.bits >> shift;
    },
  };
}

/** A wildcard of exports(5); Linux' mountd lets it match dots too. */
function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`);
}

/** An IPv4 address in IPv6's clothes as itself. */
const plain = (address: string): string => address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');

interface AddressBits {
  readonly width: 32 | 128;
  readonly bits: bigint;
}

function addressBits(text: string): AddressBits | undefined {
  const address = plain(text);
  if (!address.includes(':')) {
    const bits = ipv4(address);
    return bits === undefined ? undefined : { width: 32, bits };
  }
  const [head, tail, more] = address.split('::');
  if (more !== undefined) return undefined;
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  if (front === undefined || back === undefined) return undefined;
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...front, ...new Array<bigint>(missing).fill(0n), ...back];
  return { width: 128, bits: all.reduce((bits, group) => (bits << 16n) | group, 0n) };
}

function groups(text: string): readonly bigint[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  return parts.every((part) => /^[0-9a-f]{1,4}$/.test(part)) ? parts.map((part) => BigInt(`0x${part}`)) : undefined;
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function maskLength(text: string): number | undefined {
  const bits = ipv4(text)?.toString(2).padStart(32, '0');
  return bits !== undefined && /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : undefined;
}
