import type { FileSystem } from '../../vfs/index.ts';
import { Session } from '../session/index.ts';
import type { DeviceConnection } from './connection.ts';
import type { Report, ServeOptions } from './server.ts';

/** The session of a filesystem on a connection. */
export function deviceSession(
  filesystem: FileSystem,
  connection: DeviceConnection,
  options: ServeOptions,
  report: Report,
): Session {
  return new Session(filesystem, {
    ...options,
    send: (message, length) => connection.send(message, length),
    report: (problem, error) => report(problem, errorOf(error)),
  });
}

function errorOf(value: unknown): Error | undefined {
  return value === undefined || value instanceof Error ? value : new Error(String(value));
}
