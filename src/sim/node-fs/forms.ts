import { AsyncResource } from 'node:async_hooks';
import { promisify } from 'node:util';
import { invalidType } from './argument-error.ts';
import type { Driver } from './driver.ts';
import type { FsOperation } from './operation.ts';

/** What does the work of a function of node:fs, in all its forms. */
export type Operation<Parameters extends readonly never[] = readonly never[], T = unknown> = (
  ...parameters: Parameters
) => FsOperation<T>;

type Callable = (...parameters: never[]) => unknown;

const named = <F extends Callable>(name: string, form: F): F => Object.defineProperty(form, 'name', { value: name });

export function syncForm(driver: Driver, name: string, operation: Operation): Callable {
  return named(name, (...parameters: readonly never[]) => driver.runSync(name, operation(...parameters)));
}

export function promiseForm(driver: Driver, name: string, operation: Operation): Callable {
  return named(name, (...parameters: readonly never[]) => runPromise(driver, operation(...parameters)));
}

/** Runs an operation of the promise form; wrong arguments reject. */
export function runPromise<T>(driver: Driver, operation: FsOperation<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    driver.start(operation, (error, value) => (error === null ? resolve(value as T) : reject(error)));
  });
}

type Callback = (...results: readonly unknown[]) => void;

/** What a callback gets for a result. */
export type Spread = (result: never) => readonly unknown[];

const one: Spread = (result: unknown) => (result === undefined ? [] : [result]);

/** The callback is the last function among the parameters; what it throws is an uncaught exception, as in Node. */
export function callbackForm(driver: Driver, name: string, operation: Operation, spread: Spread = one): Callable {
  return named(name, (...parameters: readonly never[]) => {
    const last = parameters.findLastIndex((parameter) => typeof parameter === 'function');
    if (last < 0) throw invalidType('cb', 'of type function', undefined);
    const callback = AsyncResource.bind(parameters[last] as Callback);
    driver.start(operation(...parameters.slice(0, last)), (error, value) =>
      queueMicrotask(() => {
        if (error === null) callback(null, ...spread(value as never));
        else callback(error);
      }),
    );
  });
}

/** Says what util.promisify makes of a callback form whose callback gets other than an error and a value. */
export function withPromisified(form: Callable, promised: Callable): Callable {
  return Object.defineProperty(form, promisify.custom, { value: promised });
}
