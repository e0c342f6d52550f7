/** How a client is served (exports(5)). */
export interface ExportOptions {
  readonly access: 'ro' | 'rw';
  /** root: uid and gid 0 become the anonymous ids. all: everybody does. */
  readonly squash: 'none' | 'root' | 'all';
  readonly anonuid: number;
  readonly anongid: number;
  /** Calls must come from a port below 1024. */
  readonly secure: boolean;
  /** Filesystems below this one are seen by its clients. */
  readonly crossmnt: boolean;
  /** Seen by those who look it up in the filesystem above. */
  readonly nohide: boolean;
}

export const defaultExportOptions: ExportOptions = {
  access: 'rw',
  squash: 'root',
  anonuid: 65534,
  anongid: 65534,
  secure: false,
  crossmnt: false,
  nohide: false,
};

/** Clients, and how they are served. */
export interface ClientRule {
  /** `*`, an address, a subnet `10.0.0.0/8` or `fd00::/8`, a host name, or one with `*` and `?` in it. */
  readonly hosts: string;
  readonly options?: Partial<ExportOptions>;
}

/** A directory that is served, and to whom. */
export interface Export {
  readonly path: string;
  readonly clients: readonly ClientRule[];
}
