import type { WireCall, WireReply } from './message.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A call for people: `READ "/export/f" offset 0 count 4096`. `paths` are what is known of where its files are. */
export function showCall({ procedure, args }: WireCall, paths: readonly string[]): string {
  return [procedure, ...paths.map((path) => JSON.stringify(path)), ...words(args)].join(' ');
}

/** A reply for people: `READ OK count 5 eof true data 5 bytes`. */
export function showReply({ call, status, result = {} }: WireReply): string {
  return [call.procedure, status, ...words(result)].join(' ');
}

/** What is no structure of its own: those are names, which are in the paths, and attributes. */
function words(fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (name === 'status') return [];
    if (name === 'data') return [`data ${(value as Uint8Array).length} bytes`];
    if (Array.isArray(value)) return [`${value.length} ${name}`];
    return typeof value === 'object' || value === undefined ? [] : [`${name} ${String(value)}`];
  });
}
