import { getSystemErrorMap } from 'node:util';
import { errnoNumbers } from '../../vfs/index.ts';
import { shown } from './path.ts';

/** By number: code and text as libuv has them. */
const known = getSystemErrorMap();

/** An error of a system call as `node:fs` throws it. */
export class SystemError extends Error {
  /** The negative errno number of Linux. */
  readonly errno: number;
  readonly code: string;
  readonly syscall: string;
  declare readonly path?: string;
  declare readonly dest?: string;

  /** `errno` is positive; the paths are names as the kernel takes them. */
  constructor(errno: number, syscall: string, path?: string, dest?: string) {
    // What libuv does not know (ESTALE, EUCLEAN, EDQUOT) it calls so, message and code alike.
    const unknown = `Unknown system error ${-errno}`;
    const [code, text] = errno === errnoNumbers.ESRCH ? ['ESRCH', GONE] : (known.get(-errno) ?? [unknown, unknown]);
    const from = path === undefined ? '' : ` '${shown(path)}'`;
    const to = dest === undefined ? '' : ` -> '${shown(dest)}'`;
    super(`${code}: ${text}, ${syscall}${from}${to}`);
    this.errno = -errno;
    this.code = code;
    this.syscall = syscall;
    if (path !== undefined) this.path = shown(path);
    if (dest !== undefined) this.dest = shown(dest);
  }

  static {
    // Printed as `Error: ENOENT: ...`, as Node's own.
    Object.defineProperty(SystemError.prototype, 'name', { value: 'Error', configurable: true, writable: true });
    Object.defineProperty(SystemError.prototype, 'constructor', { value: Error, configurable: true, writable: true });
  }
}

/** No call that a filesystem gets fails so: the process itself is no more. */
const GONE = 'the process of this fs has ended: its simulated kernel is closed, or it was killed';

export function isSystemError(error: unknown, ...errnos: readonly number[]): error is SystemError {
  return error instanceof SystemError && (errnos.length === 0 || errnos.includes(-error.errno));
}
