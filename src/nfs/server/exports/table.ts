import type { Credentials } from '../../../vfs/index.ts';
import type { Credential } from '../../rpc/index.ts';
import { defaultExportOptions, type Export, type ExportOptions } from './export.ts';
import { type Host, type HostRule, hostRule } from './hosts.ts';

interface Rule {
  readonly hosts: HostRule;
  readonly options: ExportOptions;
}

interface Row {
  readonly path: string;
  readonly names: readonly string[];
  readonly rules: readonly Rule[];
}

/** What is exported, and to whom. */
export class ExportTable {
  readonly #rows: readonly Row[];
  /** What was found for a host, by the export's number: a host is one object as long as it is connected. */
  readonly #found = new WeakMap<Host, (Rule | undefined)[]>();

  /** @throws Error for an export that is wrong */
  constructor(exports: readonly Export[]) {
    this.#rows = exports.map(({ path, clients }) => ({
      path,
      names: clients.map(({ hosts }) => hosts),
      rules: clients
        .map(({ hosts, options }) => ({ hosts: hostRule(hosts), options: { ...defaultExportOptions, ...options } }))
        .sort((a, b) => a.hosts.rank - b.hosts.rank),
    }));
  }

  /** For MOUNT's EXPORT. */
  list(): readonly { readonly directory: string; readonly groups: readonly string[] }[] {
    return this.#rows.map(({ path, names }) => ({ directory: path, groups: names.includes('*') ? [] : names }));
  }

  /** How a host is served by an export; undefined where it is not. */
  options(index: number, host: Host): ExportOptions | undefined {
    return this.#rule(index, host)?.options;
  }

  /** The export that a path is, or is nearest below, of those that serve a host. */
  find(path: string, host: Host): number | undefined {
    let best: number | undefined;
    for (const [index, row] of this.#rows.entries()) {
      if (!isBelow(path, row.path) || this.#rule(index, host) === undefined) continue;
      if (best === undefined || row.path.length > this.#rows[best].path.length) best = index;
    }
    return best;
  }

  /**
   * The export by which a host sees a filesystem that it comes to from an export above; undefined where it is hidden. As in
   * Linux nohide works for clients that a rule names, not for those that a subnet or a pattern takes.
   */
  across(path: string, from: number, host: Host): number | undefined {
    const own = this.#rows.findIndex((row, index) => row.path === path && this.#rule(index, host) !== undefined);
    if (this.options(from, host)?.crossmnt) return own < 0 ? from : own;
    const rule = own < 0 ? undefined : this.#rule(own, host);
    return rule?.options.nohide && rule.hosts.rank === 0 ? own : undefined;
  }

  #rule(index: number, host: Host): Rule | undefined {
    let found = this.#found.get(host);
    if (found === undefined) {
      found = this.#rows.map(({ rules }) => rules.find(({ hosts }) => hosts.matches(host)));
      this.#found.set(host, found);
    }
    return found[index];
  }
}

/** Whether a path is another one or below it. */
export const isBelow = (path: string, above: string): boolean =>
  above === '/' || path === above || path.startsWith(`${above}/`);

/** Who the caller is on the server's side, after squashing (nfsd_setuser, fs/nfsd/auth.c). */
export function identityOf(credential: Credential, options: ExportOptions): Credentials {
  const { squash, anonuid, anongid } = options;
  if (credential.flavor !== 'SYS' || squash === 'all') return { uid: anonuid, gid: anongid, groups: [] };
  const { uid, gid, groups } = credential;
  if (squash === 'none') return { uid, gid, groups };
  return {
    uid: uid === 0 ? anonuid : uid,
    gid: gid === 0 ? anongid : gid,
    groups: groups.map((group) => (group === 0 ? anongid : group)),
  };
}
