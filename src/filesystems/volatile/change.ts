import type { Timespec } from '../../vfs/index.ts';
import type { Content, StoredInode } from './stored-inode.ts';

/** One thing that was changed, with its new value. */
export type Edit =
  | { readonly kind: 'entry'; readonly inode: StoredInode; readonly name: string; readonly to: StoredInode | undefined }
  | {
      readonly kind: 'page';
      readonly inode: StoredInode;
      readonly index: number;
      readonly bytes: Uint8Array | undefined;
      readonly mtime: Timespec;
    }
  | { readonly kind: 'size'; readonly inode: StoredInode; readonly size: number; readonly mtime: Timespec }
  | {
      readonly kind: 'attributes';
      readonly inode: StoredInode;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly atime: Timespec;
      readonly mtime: Timespec;
    }
  | {
      readonly kind: 'xattr';
      readonly inode: StoredInode;
      readonly name: string;
      readonly value: Uint8Array | undefined;
    };

/** What a crash keeps as a whole or not at all. */
export interface Change {
  readonly edits: readonly Edit[];
  /** In the order in which they happened. */
  readonly number: number;
  /** Changes without which this one cannot be there; not those that are safe by now. */
  needs: readonly Change[];
  /** Of metadata, where they are kept in order. */
  readonly isMetadata: boolean;
}

/** What an edit gives a new value to. */
export function cellOf(edit: Edit): string {
  switch (edit.kind) {
    case 'entry':
      return `name "${edit.name}" in directory ${edit.inode.id}`;
    case 'page':
      return `page ${edit.index} of file ${edit.inode.id}`;
    case 'size':
      return `size of file ${edit.inode.id}`;
    case 'attributes':
      return `attributes of inode ${edit.inode.id}`;
    case 'xattr':
      return `xattr ${edit.name} of inode ${edit.inode.id}`;
  }
}

export function apply(edit: Edit, content: Content): void {
  switch (edit.kind) {
    case 'entry':
      set(content.entries, edit.name, edit.to);
      return;
    case 'page':
      set(content.pages, edit.index, edit.bytes);
      content.mtime = edit.mtime;
      return;
    case 'size':
      content.size = edit.size;
      content.mtime = edit.mtime;
      return;
    case 'attributes':
      content.mode = edit.mode;
      content.uid = edit.uid;
      content.gid = edit.gid;
      content.atime = edit.atime;
      content.mtime = edit.mtime;
      return;
    case 'xattr':
      set(content.xattrs, edit.name, edit.value);
      return;
  }
}

function set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
