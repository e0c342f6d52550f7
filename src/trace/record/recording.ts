import { closeSync, openSync, rmSync } from 'node:fs';
import { release } from 'node:os';
import { startWorker, type TapModule } from '../../fuse/device/index.ts';
import type { CachePolicy } from '../../fuse/session/index.ts';
import { newRing, RING, Ring } from './ring.ts';
import type { TapData } from './tap.ts';
import type { WriterMessage, WriterTask } from './writer.ts';

/** Where a recording goes. */
export interface RecordSettings {
  /** Path of the trace file. */
  readonly file: string;
  /** Write over a file that is there; default false. */
  readonly force?: boolean;
  /** The word by which the command line knows the filesystem. */
  readonly target?: string;
}

/** A recording under way: the tap encodes what passes in the thread that serves, another thread writes the file. */
export interface Recording {
  readonly file: string;
  readonly tap: TapModule;
  /** No more messages come: settles when the file is complete, or cannot be. */
  finish(): Promise<WriterMessage>;
  /** The same where nothing may wait for the event loop. */
  finishNow(): void;
  /** Nothing was recorded: the file goes. */
  discard(): Promise<void>;
  /** What `finish` gives; sooner where the file cannot be written. */
  readonly ended: Promise<WriterMessage>;
}

/** Milliseconds that a process which exits waits for the end of the file. */
const EXIT_BOUND = 2000;

/**
 * Opens the trace file and starts the thread that writes it. `startedAt` is the wall-clock time, milliseconds since 1970;
 * `faults`: whether there may be some.
 *
 * @throws the system's error where the file cannot be made; EEXIST where it is there already
 */
export function startRecording(
  settings: RecordSettings,
  session: CachePolicy,
  startedAt: number,
  faults: boolean,
): Recording {
  const { file, force, target } = settings;
  const fd = openSync(file, force ? 'w' : 'wx', 0o666);
  const memory = newRing();
  const ring = new Ring(memory);
  const task: WriterTask = { memory, fd };
  const worker = startWorker(new URL('./writer.ts', import.meta.url), 'estale trace writer', task);
  let outcome: WriterMessage | undefined;
  const failed = (error: Error) => {
    outcome ??= { kind: 'failed', error };
    ring.become('failed');
  };
  const ended = new Promise<WriterMessage>((resolve) => {
    worker.on('message', (message: WriterMessage) => {
      outcome = message;
    });
    worker.on('error', failed);
    worker.on('exit', () => {
      closeSync(fd);
      failed(new Error('its thread ended'));
      resolve(outcome as WriterMessage);
    });
  });

  const started = { sec: Math.floor(startedAt / 1000), nsec: Math.round((startedAt % 1000) * 1e6) };
  const header = { ...(target === undefined ? {} : { target }), kernel: release(), started, session };
  const data: TapData = { memory, startedAt, header: { ...header, window: RING, ...(faults ? { faults: true } : {}) } };
  const finish = () => {
    ring.become('ending');
    return ended;
  };
  return {
    file,
    tap: { module: new URL('./tap.ts', import.meta.url).href, data },
    ended,
    finish,
    finishNow() {
      ring.become('ending');
      ring.waitForEnd(EXIT_BOUND);
    },
    async discard() {
      await finish();
      rmSync(file, { force: true });
    },
  };
}
