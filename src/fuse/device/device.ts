import { openSync } from 'node:fs';

/** Opens /dev/fuse; the message of the error says what to do. Reads wait for a request unless told otherwise. */
export function openDevice(flags: string | number = 'r+'): number {
  try {
    return openSync('/dev/fuse', flags);
  } catch (error) {
    throw new Error(whyNoDevice(errorCode(error)), { cause: error });
  }
}

function whyNoDevice(code: string | undefined): string {
  switch (code) {
    case 'ENOENT':
    case 'ENXIO':
    case 'ENODEV':
      return '/dev/fuse is missing: load the module (modprobe fuse), or give it to the container (--device /dev/fuse --cap-add SYS_ADMIN)';
    case 'EACCES':
    case 'EPERM':
      return '/dev/fuse may not be opened: run as root, let an administrator allow it (chmod 666 /dev/fuse), or give it to the container (--device /dev/fuse --cap-add SYS_ADMIN)';
    default:
      return `/dev/fuse cannot be opened: ${code ?? 'unknown error'}`;
  }
}

/** The code of a system error, such as ENODEV. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
