import { closeSync, readFileSync } from 'node:fs';
import { openDevice } from '../fuse/device/index.ts';
import { errnoFrom } from '../vfs/index.ts';
import { MountError } from './error.ts';

export const needsCapability =
  'mounting needs CAP_SYS_ADMIN: run as root, or in a user and mount namespace of your own (unshare -Urm COMMAND) where everyone may open /dev/fuse';
const capSysAdmin = 21n;

/**
 * Makes sure that there can be a mount here, through whichever channel: what is mounted is looked up in /proc.
 *
 * @throws MountError that says what to do
 */
export function checkPlatform(): void {
  if (process.platform !== 'linux') {
    throw new MountError(
      'no-device',
      `mounting needs Linux, this is ${process.platform}; the simulator and the checks work here (estale check)`,
    );
  }
}

/**
 * Makes sure that this process can mount through /dev/fuse at all.
 *
 * @throws MountError that says what to do
 */
export function checkSystem(): void {
  checkPlatform();
  try {
    closeSync(openDevice());
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    const refused = /^(EACCES|EPERM)$/.test(errnoFrom(cause.cause)?.code ?? '');
    throw new MountError(refused ? 'no-permission' : 'no-device', cause.message, { cause });
  }
  // Mounting is a privilege in the user namespace of one's mount namespace: root has it, and who runs in `unshare -Urm`.
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (effective !== undefined && ((BigInt(`0x${effective}`) >> capSysAdmin) & 1n) === 0n) {
    throw new MountError('no-permission', needsCapability);
  }
}
