import type { WireMessage } from './message.ts';

type Fields = Readonly<Record<string, unknown>>;

const shown = ['offset', 'count', 'stable', 'committed', 'access', 'path'] as const;

/** A message for people: `LOOKUP "f"`, `READ offset 0 count 4096 of "f"`, `READ: STALE`. `names` learns which handle is what. */
export function showMessage(message: WireMessage, names: Map<string, string>): string {
  const args = message.args as Fields;
  if (message.kind === 'call') return [message.procedure, ...argumentWords(args, names)].join(' ');
  learn(args, message.result as Fields | undefined, names);
  const { status, procedure, result } = message;
  return [
    `${procedure}:`,
    status,
    ...words((result ?? {}) as Fields),
    ...verifierOf(result as Fields | undefined),
  ].join(' ');
}

function argumentWords(args: Fields, names: Map<string, string>): readonly string[] {
  const places = [args, args.what, args.where, args.object, args.from, args.to, args.link].filter(isDirectoryName);
  const named = places.map(({ name }) => JSON.stringify(name));
  const handle = [args.file, args.object, args.symlink, args.dir].find((value) => value instanceof Uint8Array);
  const of = handle === undefined ? [] : [`of ${names.get(key(handle)) ?? 'a file'}`];
  return [...named, ...words(args), ...(named.length === 0 ? of : [])];
}

const words = (fields: Fields): readonly string[] =>
  shown.filter((name) => fields[name] !== undefined).map((name) => `${name} ${String(fields[name])}`);

const verifierOf = (result: Fields | undefined): readonly string[] =>
  result?.verifier === undefined ? [] : [`verifier ${Number(result.verifier).toString(16)}`];

function learn(args: Fields, result: Fields | undefined, names: Map<string, string>): void {
  const place = [args.what, args.where].find(isDirectoryName);
  const object = result?.object ?? result?.handle;
  if (!(object instanceof Uint8Array)) return;
  names.set(key(object), place === undefined ? 'the root' : JSON.stringify(place.name));
}

const isDirectoryName = (value: unknown): value is { readonly name: string } =>
  typeof value === 'object' && value !== null && 'name' in value && 'dir' in value;

const key = (handle: Uint8Array): string => Buffer.from(handle).toString('hex');
