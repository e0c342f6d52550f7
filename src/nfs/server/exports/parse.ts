import { didYouMean } from '../../../vfs/index.ts';
import type { ClientRule, Export, ExportOptions } from './export.ts';
import { hostRule } from './hosts.ts';

const switches: Readonly<Record<string, Partial<ExportOptions>>> = {
  ro: { access: 'ro' },
  rw: { access: 'rw' },
  root_squash: { squash: 'root' },
  no_root_squash: { squash: 'none' },
  all_squash: { squash: 'all' },
  secure: { secure: true },
  insecure: { secure: false },
  crossmnt: { crossmnt: true },
  nohide: { nohide: true },
  hide: { nohide: false },
};
const known = [...Object.keys(switches), 'anonuid', 'anongid'];

/**
 * An export as a line of exports(5) has it: `/path client(options) client(options)`; without clients it is everybody's.
 * @throws Error that names what is wrong
 */
export function parseExport(line: string): Export {
  const [path, ...words] = line.trim().split(/\s+/);
  if (!path.startsWith('/')) throw new Error(`export: expected an absolute path first, given "${line}"`);
  return { path, clients: words.length === 0 ? [{ hosts: '*' }] : words.map(parseClient) };
}

function parseClient(word: string): ClientRule {
  const match = /^([^()]*)(?:\(([^()]*)\))?$/.exec(word);
  if (match === null) throw new Error(`export: expected client(option,...), given "${word}"`);
  const hosts = match[1] === '' ? '*' : match[1];
  hostRule(hosts);
  const options = (match[2] ?? '').split(',').filter((option) => option !== '');
  return { hosts, options: Object.assign({}, ...options.map(parseOption)) };
}

function parseOption(option: string): Partial<ExportOptions> {
  if (Object.hasOwn(switches, option)) return switches[option];
  const match = /^(anonuid|anongid)=(\d+)$/.exec(option);
  if (match !== null && Number(match[2]) <= 0xffffffff) return { [match[1]]: Number(match[2]) };
  throw new Error(
    `export: unknown option "${option}"${didYouMean(option, known)}; it takes ${known.join(', ').replace('anonuid, anongid', 'anonuid=N, anongid=N')}`,
  );
}
