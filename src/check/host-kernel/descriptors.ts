import { errno } from '../../vfs/index.ts';
import { libc } from './libc.ts';

/** RLIMIT_NOFILE of a simulated process. */
const LIMIT = 1024;
const FIRST = 3;
/** Above what the host lets a process have (fs.nr_open). */
const NEVER_OPEN = 2 ** 31 - 1;

/**
 * A program's descriptor numbers and the real ones behind them. The real ones are whatever the kernel gave, so that none
 * is ever moved: closing a duplicate would drop the process's POSIX locks on the file (fcntl(2)).
 */
export class Descriptors {
  readonly #real = new Map<number, number>();

  /** The real descriptor, or where the program has none, one that nobody has: what follows is the kernel's answer. */
  real(fd: number): number {
    return this.#real.get(fd) ?? NEVER_OPEN;
  }

  has(fd: number): boolean {
    return this.#real.has(fd);
  }

  static valid(fd: number): boolean {
    return fd >= 0 && fd < LIMIT;
  }

  /** Gives a real descriptor the number `into`, closing what is open there, or the lowest free one. */
  install(real: number, into: number | undefined): number {
    let fd = into ?? FIRST;
    if (into === undefined) while (this.#real.has(fd)) fd += 1;
    if (!Descriptors.valid(fd)) {
      libc().close(real);
      return -(into === undefined ? errno.EMFILE : errno.EBADF).errno;
    }
    const before = this.#real.get(fd);
    if (before !== undefined) libc().close(before);
    this.#real.set(fd, real);
    return fd;
  }

  close(fd: number): number {
    const real = this.real(fd);
    this.#real.delete(fd);
    return libc().close(real);
  }

  /** In the order of exit(2): the lowest number first. */
  closeAll(): void {
    for (const [, real] of this.entries().sort(([a], [b]) => a - b)) libc().close(real);
    this.#real.clear();
  }

  entries(): [number, number][] {
    return [...this.#real];
  }
}
