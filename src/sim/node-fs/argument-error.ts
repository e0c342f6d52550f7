import { inspect } from 'node:util';

/** The class of an error that says what is wrong with a use of the interface, as Node's own: a `code`, which its stack names. */
function usageError<Base extends new (message: string) => Error>(base: Base, code: string, message: string): Error {
  const error = new base(message) as Error & { code: string };
  const { name } = error;
  // The stack is made from the name when it is first read.
  Object.defineProperty(error, 'name', { value: `${name} [${code}]`, configurable: true, writable: true });
  void error.stack;
  Reflect.deleteProperty(error, 'name');
  error.code = code;
  return error;
}

/** determineSpecificType (lib/internal/errors.js). */
function received(value: unknown): string {
  if (value === null || value === undefined) return `${value}`;
  if (typeof value === 'function') return value.name === '' ? 'function ' : `function ${value.name}`;
  if (typeof value === 'object') {
    const { name } = (value.constructor ?? {}) as { name?: string };
    return name ? `an instance of ${name}` : inspect(value, { depth: -1 });
  }
  let text = inspect(value, { colors: false });
  if (text.length > 28) text = `${text.slice(0, 25)}...`;
  return `type ${typeof value} (${text})`;
}

const kindOf = (name: string): string => (name.includes('.') ? 'property' : 'argument');

/** ERR_INVALID_ARG_TYPE; `expected` as in "of type string", "an instance of Buffer". */
export function invalidType(name: string, expected: string, value: unknown): Error {
  const message = `The "${name}" ${kindOf(name)} must be ${expected}. Received ${received(value)}`;
  return usageError(TypeError, 'ERR_INVALID_ARG_TYPE', message);
}

/** ERR_INVALID_ARG_VALUE. */
export function invalidValue(name: string, value: unknown, reason = 'is invalid'): Error {
  let text = inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  return usageError(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kindOf(name)} '${name}' ${reason}. Received ${text}`);
}

/** ERR_OUT_OF_RANGE; `range` as in ">= 0 && <= 7". */
export function outOfRange(name: string, range: string, value: unknown): Error {
  let text = typeof value === 'bigint' ? `${value}n` : inspect(value);
  if (Number.isInteger(value) && Math.abs(value as number) > 2 ** 32) text = withSeparators(String(value));
  if (typeof value === 'bigint' && (value > 2n ** 32n || value < -(2n ** 32n))) text = withSeparators(`${value}`, 'n');
  return usageError(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. Received ${text}`,
  );
}

const withSeparators = (digits: string, suffix = ''): string => digits.replace(/\B(?=(\d{3})+$)/g, '_') + suffix;

/** Any other error of Node with a code. */
export function codedError(
  code: string,
  message: string,
  base: ErrorConstructor | TypeErrorConstructor = Error,
): Error {
  return usageError(base, code, message);
}

/** An AbortError, as a signal that was aborted gives it. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}
