/**
 * Kernel code that may have to wait: it yields where a task in Linux sleeps, and is resumed when what it waits for has
 * happened. Errors are negative errno numbers, as in Linux.
 */
export type Operation<T> = Generator<undefined, T, undefined>;
