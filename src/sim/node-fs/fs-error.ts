import { type ErrnoName, errnoNumbers } from '../../vfs/index.ts';
import { shown } from './path.ts';

export interface FsErrorContext {
  readonly code: ErrnoName;
  readonly message: string;
  readonly path: string;
  readonly syscall: 'cp' | 'rm';
}

/** Node's class SystemError (lib/internal/errors.js): what rm and cp refuse by themselves. Errnos are positive here. */
export class FsError extends Error {
  readonly code: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly errno: number;
  readonly syscall: string;
  readonly path: string;

  constructor(code: string, what: string, context: FsErrorContext) {
    const path = shown(context.path);
    const message = shown(context.message);
    super(`${what}: ${context.syscall} returned ${context.code} (${message}) ${path}`);
    this.code = code;
    this.errno = errnoNumbers[context.code];
    this.info = { ...context, message, path, errno: this.errno };
    this.syscall = context.syscall;
    this.path = path;
  }

  static {
    Object.defineProperty(FsError.prototype, 'name', { value: 'SystemError', configurable: true, writable: true });
  }
}
