import * as host from 'node:fs';
import { answerFileType, type FileTypeQuestions } from './file-type.ts';

export interface Dirent<Name extends string | Buffer = string> extends FileTypeQuestions {
  name: Name;
}

/** An entry of a directory. `type` is a DT_* number. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are defined below
export class Dirent<Name extends string | Buffer = string> {
  name: Name;
  readonly parentPath: string;
  readonly path: string;
  readonly #type: number;

  constructor(name: Name, type: number, parentPath: string) {
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
    this.#type = type;
  }

  static {
    answerFileType<Dirent<string | Buffer>>(Dirent.prototype, (dirent) => dirent.#type << 12, host.Dirent.prototype);
  }
}
