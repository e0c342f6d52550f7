import type { CachePolicy } from '../../fuse/session/index.ts';

/** How the simulated mount is mounted; as the mount options of the same names. */
export interface MountOptions extends CachePolicy {
  /** The kernel checks permissions by owner and mode. Default true. */
  readonly defaultPermissions?: boolean;
  readonly readOnly?: boolean;
  /** Bytes of the largest READ. */
  readonly maxRead?: number;
  /** fs.protected_hardlinks: users link only what they own or may write. Default false, the kernel's own; distributions set it. */
  readonly protectedHardlinks?: boolean;
  /** fs.protected_symlinks: in sticky directories others' links are not followed. Default false, the kernel's own. */
  readonly protectedSymlinks?: boolean;
  /** INIT flags that are offered, bits 0-31. Default: all that Linux 6.18 offers. */
  readonly offeredFlags?: number;
}
