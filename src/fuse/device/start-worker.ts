import { Worker } from 'node:worker_threads';
import { compiledModule } from './compiled.ts';

/** Starts a module of this package (its source file's URL) as a worker. */
export function startWorker(url: URL, name: string, workerData: unknown): Worker {
  // A worker takes over the options of `node --input-type=module -e ...`, and then refuses to load a file.
  const execArgv = process.execArgv.some((argument) => argument.startsWith('--input-type')) ? [] : undefined;
  return new Worker(new URL(compiledModule(url.href)), { workerData, name, execArgv });
}
