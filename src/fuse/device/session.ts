import type { FileSystem } from '../../vfs/index.ts';
import type { LinkHook } from '../link-hook.ts';
import type { Message } from '../message.ts';
import { Session } from '../session/index.ts';
import type { DeviceConnection } from './connection.ts';
import type { Report, ServeOptions } from './server.ts';

/** A session on a connection, and what requests pass on their way to it. */
export interface DeviceSession {
  readonly session: Session;
  receive(message: Message, length: number): void;
}

/** The session of a filesystem on a connection, behind a hook where one is given. */
export function deviceSession(
  filesystem: FileSystem,
  connection: DeviceConnection,
  options: ServeOptions,
  report: Report,
  link?: LinkHook,
): DeviceSession {
  const toKernel = (message: Message, length: number): number => connection.send(message, length);
  const session = new Session(filesystem, {
    ...options,
    send: link === undefined ? toKernel : (message, length) => link.reply(message, length, toKernel),
    report: (problem, error) => report(problem, errorOf(error)),
  });
  const toDaemon = (message: Message, length: number): void => session.receive(message, length);
  link?.attach?.({ toDaemon, toKernel });
  return {
    session,
    receive: link === undefined ? toDaemon : (message, length) => link.request(message, length, toDaemon),
  };
}

function errorOf(value: unknown): Error | undefined {
  return value === undefined || value instanceof Error ? value : new Error(String(value));
}
