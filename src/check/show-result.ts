import { errnoName, isError, type SysResult } from '../vfs/index.ts';

const SHOWN = 60;

/** A call's result for people: a number, an errno's name, text, or the fields of a value; long ones are cut. */
export function showResult(result: SysResult): string {
  if (isError(result)) return errnoName(-result);
  if (typeof result === 'number') return String(result);
  if (typeof result === 'string') return JSON.stringify(result);
  if (result instanceof Uint8Array) {
    const text = JSON.stringify(Buffer.from(result.subarray(0, SHOWN)).toString('latin1'));
    return `${result.length} bytes ${text}${result.length > SHOWN ? '...' : ''}`;
  }
  if (Array.isArray(result)) {
    const items: readonly (string | { readonly name: string })[] = result;
    return `[${items.map((item) => (typeof item === 'string' ? item : item.name)).join(', ')}]`;
  }
  return Object.entries(result)
    .map(([name, value]) => `${name} ${showField(name, value)}`)
    .join(', ');
}

function showField(name: string, value: unknown): string {
  if (name === 'mode') return `0${Number(value).toString(8)}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { sec, nsec } = value as { sec: number; nsec: number };
  return `${sec}.${String(nsec).padStart(9, '0')}`;
}
