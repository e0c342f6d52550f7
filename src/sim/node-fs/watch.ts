import { codedError } from './argument-error.ts';

/** What stands in for the functions that watch: the simulated kernel has no inotify, and its time does not pass by itself. */
export const unwatched = (name: string) => (): never => {
  throw codedError(
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    `${name}: the simulated kernel does not watch files; call stat again instead, or give the watcher an adapter that does`,
  );
};
