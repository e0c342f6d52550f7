/** Linux errno numbers (include/uapi/asm-generic/errno-base.h and errno.h), the ones a filesystem can meet. */
export const errnoNumbers = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  ENOTBLK: 15,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  EDOM: 33,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  ETIME: 62,
  EPROTO: 71,
  EBADMSG: 74,
  EOVERFLOW: 75,
  EILSEQ: 84,
  EUSERS: 87,
  ENOTSOCK: 88,
  EOPNOTSUPP: 95,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
  ESTALE: 116,
  EUCLEAN: 117,
  EDQUOT: 122,
  ECANCELED: 125,
} as const;

export type ErrnoName = keyof typeof errnoNumbers;

/**
 * A POSIX error as a value. There is one instance per name, made once and without a stack, so that returning or throwing
 * it costs nothing; a filesystem may do either.
 */
export class Errno {
  readonly code: ErrnoName;
  /** The positive Linux number. */
  readonly errno: number;

  constructor(code: ErrnoName) {
    this.code = code;
    this.errno = errnoNumbers[code];
    Object.freeze(this);
  }

  get message(): string {
    return this.code;
  }

  toString(): string {
    return this.code;
  }
}

const names = Object.keys(errnoNumbers) as ErrnoName[];

/** The one `Errno` of each name: `errno.ENOENT`. */
export const errno = Object.freeze(Object.fromEntries(names.map((name) => [name, new Errno(name)]))) as {
  readonly [Name in ErrnoName]: Errno;
};

const byNumber = new Map<number, Errno>(names.map((name) => [errnoNumbers[name], errno[name]]));

/** The name of a positive errno number; a number that Linux does not define prints as `errno 4711`. */
export function errnoName(number: number): string {
  return byNumber.get(number)?.code ?? `errno ${number}`;
}

/** The errno singleton of a positive number, or undefined where Linux (or this table) has none. */
export function errnoOf(number: number): Errno | undefined {
  return byNumber.get(number);
}

// Node and other libraries spell some codes by their alias.
const aliases: Readonly<Record<string, ErrnoName>> = {
  ENOTSUP: 'EOPNOTSUPP',
  EWOULDBLOCK: 'EAGAIN',
  ENOATTR: 'ENODATA',
  EDEADLOCK: 'EDEADLK',
  ERR_FS_FILE_TOO_LARGE: 'EFBIG',
};

/** The errno that a thrown or returned value stands for: an `Errno`, or an object with a POSIX `code`; else undefined. */
export function errnoFrom(value: unknown): Errno | undefined {
  if (value instanceof Errno) return value;
  if (typeof value !== 'object' || value === null || !('code' in value)) return undefined;
  const { code } = value;
  if (typeof code !== 'string') return undefined;
  const name = aliases[code] ?? code;
  return Object.hasOwn(errno, name) ? errno[name as ErrnoName] : undefined;
}
