import type { Bug } from '../bug.ts';

/** A bug that only a power cut shows. It joins the others when `estale check` cuts the power, and knows it by a signature. */
export type JournalBug = Omit<Bug, 'host' | 'target' | 'needs' | 'shows'>;

export const journalBugs: readonly JournalBug[] = [
  {
    name: 'journal-no-barrier-before-commit',
    summary: 'the commit block may reach the disk before the data that the transaction points at (data=ordered broken)',
    file: 'filesystems/journal/log.ts',
    before: 'this.#disk.flush(); put(this.#commitBlock(checksum));',
    after: 'put(this.#commitBlock(checksum));',
  },
  {
    name: 'journal-no-barrier-after-commit',
    summary: 'fsync returns while the commit block is in the write cache of the disk',
    file: 'filesystems/journal/log.ts',
    before: 'put(this.#commitBlock(checksum)); this.#disk.flush();',
    after: 'put(this.#commitBlock(checksum));',
  },
  {
    name: 'journal-commit-unchecked',
    summary:
      'a transaction is replayed without its checksum, and nothing but the checksum tells that it is not all there',
    source: 'journal_async_commit of ext4 without journal_checksum',
    file: 'filesystems/journal/log.ts',
    before: '|| commit.getUint32(COMMIT_CHECKSUM_AT, true) !== checksum',
    after: '',
    also: {
      file: 'filesystems/journal/log.ts',
      before: 'this.#disk.flush(); put(this.#commitBlock(checksum));',
      after: 'put(this.#commitBlock(checksum));',
    },
  },
  {
    name: 'journal-revoke-ignored',
    summary: 'replay writes an old directory block over the data of the file that got the block since',
    file: 'filesystems/journal/log.ts',
    before: 'if (sequence > (revokedBy.get(block) ?? 0)) contents.set(block, content);',
    after: 'contents.set(block, content);',
  },
  {
    name: 'journal-oldest-copy-wins',
    summary: 'replay takes the first copy of a block that several transactions have',
    file: 'filesystems/journal/log.ts',
    before: 'if (sequence > (revokedBy.get(block) ?? 0)) contents.set(block, content);',
    after: 'if (sequence > (revokedBy.get(block) ?? 0) && !contents.has(block)) contents.set(block, content);',
  },
  {
    name: 'journal-tail-stays',
    summary: 'after a checkpoint the log still begins at its old place: what is committed from then on is not found',
    file: 'filesystems/journal/log.ts',
    before: 'this.#tail = this.#head; this.#used = 0; this.#writeHeader();',
    after: 'this.#used = 0; this.#writeHeader();',
  },
  {
    name: 'journal-checkpoint-no-barrier',
    summary: 'the log is emptied while what it held is in the write cache of the disk',
    file: 'filesystems/journal/transactions.ts',
    before: 'this.#disk.flush(); this.#log.clear();',
    after: 'this.#log.clear();',
  },
  {
    name: 'journal-replay-no-barrier',
    summary: 'a second power cut, during the replay, loses what was replayed: the log is emptied too early',
    file: 'filesystems/journal/volume.ts',
    before: 'disk.flush(); log.clear();',
    after: 'log.clear();',
  },
  {
    name: 'journal-fsyncdir-ignored',
    summary: 'fsync of a directory does nothing: names that were synchronised are lost',
    file: 'filesystems/journal/journal.ts',
    before: 'return this.fsync();',
    after: 'return undefined;',
  },
  {
    name: 'journal-fsynced-rename-lost',
    summary: 'fsync commits nothing where no data was written: a rename or a link that was synchronised is lost',
    source: 'btrfs, fsync after rename: xfstests generic/041, generic/335',
    file: 'filesystems/journal/transactions.ts',
    before: 'if (!this.hasChanges) { if (this.#dataWritten)',
    after: 'if (!this.hasChanges || !this.#dataWritten) { if (this.#dataWritten)',
  },
  {
    name: 'journal-freed-block-reused',
    summary: 'a block is given to another file before the transaction that freed it is safe',
    file: 'filesystems/journal/allocator.ts',
    before: 'this.#freed.add(block);',
    after: '',
  },
  {
    name: 'journal-cut-overwritten',
    summary: 'bytes are written over those that a truncation took away, before the truncation is safe',
    file: 'filesystems/journal/file-data.ts',
    before: 'if (this.#cutIn === transactions.running && transactions.hasChanges) transactions.commit();',
    after: '',
  },
  {
    name: 'journal-orphan-not-listed',
    summary: 'a file that loses its last name while it is open stays on the disk for ever after a crash',
    file: 'filesystems/journal/inode-table.ts',
    before: 'this.#orphans.add(inode);',
    after: '',
  },
  {
    name: 'journal-orphan-not-reclaimed',
    summary: 'files without a name are found at the start, and stay',
    file: 'filesystems/journal/inode-table.ts',
    before: 'for (const inode of found) this.freeIfUnused(inode);',
    after: '',
  },
];
