import { type ChildProcess, spawn } from 'node:child_process';
import { isMainThread } from 'node:worker_threads';
import { escapeMountField, type MountEntry } from './mount-table.ts';

/** A process that outlives this one, should it be killed, for as long as it takes to unmount. */
export interface Watcher {
  /** From now on only this mount is meant. */
  mounted(entry: MountEntry): void;
  /** Nothing is left to unmount; the watcher ends. */
  release(): void;
}

/**
 * Ids of mounts and devices are used again at once, so a mount at the same place with the same ids may be somebody else's
 * newer one. Only a mount whose daemon is gone is taken away: statfs, which the kernel never answers from a cache, says
 * ENOTCONN (ECONNABORTED once after an abort). It may take a moment until a mount(8) that was under way is done, or a child
 * that has the device too is gone.
 */
const script = `
directory=$1 point=$2 wake=$3 id= device=
if [ -n "$wake" ]; then
  while sleep "$wake"; do timeout -s KILL 2 stat -f -- "$directory"; done > /dev/null 2>&1 &
  trap "kill $!" EXIT
fi
while read -r word first second; do
  case $word in
    mounted) id=$first device=$second ;;
    released) exit 0 ;;
  esac
done
tries=0
while [ $tries -lt 60 ]; do
  found= type=
  while read -r mount parent dev root where rest; do
    if [ "$where" = "$point" ]; then found="$mount $dev" type=\${rest#* - }; fi
  done < /proc/self/mountinfo
  case $type in fuse*) ;; *) exit 0 ;; esac
  if [ -n "$id" ] && [ "$found" != "$id $device" ]; then exit 0; fi
  if answer=$(timeout -s KILL 2 stat -f -- "$directory" 2>&1); then exit 0; fi
  case $answer in
    *"not connected"* | *"onnection abort"*) umount -i -l -- "$directory" && exit 0 ;;
  esac
  tries=$((tries + 1))
  sleep 0.05
done
`;

/**
 * Seconds between two requests that the watcher makes where the mount belongs to a worker thread. When such a worker is
 * terminated, as all are when the process exits, no code of ours runs any more, and Node waits for the thread that waits for a
 * request: one must come.
 */
const WAKE = '1';

/** Starts the watcher of a mount that is about to be made; it is in a session of its own, where Ctrl-C does not reach it. */
export function startWatcher(directory: string): Watcher {
  const child: ChildProcess = spawn(
    '/bin/sh',
    ['-c', script, 'estale-watcher', directory, escapeMountField(directory), isMainThread ? '' : WAKE],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: 'C' },
      cwd: '/',
      detached: true,
    },
  );
  // Without it the mount works; only a killed daemon would leave a dead mount, which the next mount cleans.
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.unref();
  if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
  return {
    mounted: (entry) => void child.stdin?.write(`mounted ${entry.id} ${entry.device}\n`),
    release: () => void child.stdin?.end('released\n'),
  };
}
