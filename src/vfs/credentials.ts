/** Who asks: the effective ids of a process (credentials(7)). */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. A FUSE request does not carry them. */
  readonly groups: readonly number[];
}

export const root: Credentials = Object.freeze({ uid: 0, gid: 0, groups: Object.freeze([]) });
