import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from '../../vfs/index.ts';

const questions = {
  isDirectory: S_IFDIR,
  isFile: S_IFREG,
  isBlockDevice: S_IFBLK,
  isCharacterDevice: S_IFCHR,
  isSymbolicLink: S_IFLNK,
  isFIFO: S_IFIFO,
  isSocket: S_IFSOCK,
};

/** What Stats and Dirent answer about the type of a file. */
export type FileTypeQuestions = { readonly [Name in keyof typeof questions]: () => boolean };

/**
 * Gives a class its answers; `modeOf` finds the type in an instance. The class of node:fs is set behind it, so that
 * `instanceof` holds with that too.
 */
export function answerFileType<Instance>(
  prototype: Instance & object,
  modeOf: (instance: Instance) => number,
  host: object,
): void {
  for (const [name, type] of Object.entries(questions)) {
    const value = function answer(this: Instance): boolean {
      return (modeOf(this) & S_IFMT) === type;
    };
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
  Object.setPrototypeOf(prototype, host);
}
