/** How the simulated mount is mounted; as the mount options of the same names. Times are seconds. */
export interface MountOptions {
  /** Seconds for which names are kept, where the filesystem does not say; 0 (the default): not at all. */
  readonly entryTimeout?: number;
  /** The same for attributes. */
  readonly attributeTimeout?: number;
  /** The same for names that do not exist. */
  readonly negativeTimeout?: number;
  /** The kernel checks permissions by owner and mode. Default true. */
  readonly defaultPermissions?: boolean;
  readonly readOnly?: boolean;
  /** Bytes of the largest READ. */
  readonly maxRead?: number;
  /** Bytes of the largest WRITE. */
  readonly maxWrite?: number;
  /** Every file as if opened with FOPEN_DIRECT_IO. */
  readonly directIo?: boolean;
  /** fs.protected_hardlinks: users link only what they own or may write. Default false, the kernel's own; distributions set it. */
  readonly protectedHardlinks?: boolean;
  /** fs.protected_symlinks: in sticky directories others' links are not followed. Default false, the kernel's own. */
  readonly protectedSymlinks?: boolean;
}
