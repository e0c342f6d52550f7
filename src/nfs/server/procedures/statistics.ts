import { NAME_MAX } from '../../../vfs/index.ts';
import { FSF3, type nfs } from '../../protocol/index.ts';
import type { Handlers } from '../../rpc/index.ts';
import type { Core, Peer } from '../core.ts';
import { running, withSameAttributes } from '../files/locate.ts';
import { ask, done } from '../step.ts';
import { TRANSFER_MOST } from './data.ts';

const PREFERRED_LISTING = 1 << 16;
/** As ext4 has it. */
const LINKS_MOST = 65000;

/** FSSTAT, FSINFO and PATHCONF. */
export function statisticsProcedures(core: Core): Pick<Handlers<typeof nfs, Peer>, 'FSSTAT' | 'FSINFO' | 'PATHCONF'> {
  return {
    FSSTAT: running(core, ({ object: handle }, call) =>
      withSameAttributes(core, handle, call, function* ({ volume: { filesystem }, node, context }) {
        const nothing = { frsize: 0, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
        const told = filesystem.statfs === undefined ? nothing : yield* ask(filesystem.statfs(node, context));
        return {
          totalBytes: told.blocks * told.frsize,
          freeBytes: told.bfree * told.frsize,
          availableBytes: told.bavail * told.frsize,
          totalFiles: told.files,
          freeFiles: told.ffree,
          availableFiles: told.ffree,
          invarsec: 0,
        };
      }),
    ),

    FSINFO: running(core, ({ object: handle }, call) =>
      withSameAttributes(core, handle, call, () =>
        done({
          rtmax: TRANSFER_MOST,
          rtpref: TRANSFER_MOST,
          rtmult: 4096,
          wtmax: TRANSFER_MOST,
          wtpref: TRANSFER_MOST,
          wtmult: 4096,
          dtpref: PREFERRED_LISTING,
          maxfilesize: Number.MAX_SAFE_INTEGER,
          timeDelta: { sec: 0, nsec: 1 },
          properties: FSF3.LINK | FSF3.SYMLINK | FSF3.HOMOGENEOUS | FSF3.CANSETTIME,
        }),
      ),
    ),

    PATHCONF: running(core, ({ object: handle }, call) =>
      withSameAttributes(core, handle, call, () =>
        done({
          linkmax: LINKS_MOST,
          nameMax: NAME_MAX,
          noTrunc: true,
          chownRestricted: true,
          caseInsensitive: false,
          casePreserving: true,
        }),
      ),
    ),
  };
}
