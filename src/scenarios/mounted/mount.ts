import { nodeEnvironment, type Timers } from '../../env/index.ts';
import { type DeviceMounted, mountObject } from '../../mount/index.ts';
import type { NfsProcedure } from '../../nfs/index.ts';
import { hashText, SeededRandom } from '../../sim/index.ts';
import { merged } from '../run.ts';
import type { Scenario } from '../scenario.ts';
import { Site } from '../site.ts';
import type { WireMessage } from '../wire/message.ts';
import { mountedFaults } from './faults.ts';

/** When a fault strikes. */
export type Moment =
  /** Milliseconds after the mount. */
  | { readonly kind: 'at'; readonly milliseconds: number }
  /** At the nth call of a procedure, from 1 on. */
  | { readonly kind: 'when'; readonly procedure: NfsProcedure; readonly nth: number };

export interface ScenarioMountOptions {
  /** With the remedy. */
  readonly remedied: boolean;
  /** Left out: events happen after ten seconds, and messages are befallen from the start on, each of them. */
  readonly moment?: Moment;
  /** Takes what passes the network and what happens, a line at a time. */
  readonly tell: (line: string) => void;
  readonly report: (problem: string, error?: unknown) => void;
  /** As for any mount: signals are the program's business. */
  readonly ignoreSignals?: boolean;
}

export interface ScenarioMount {
  readonly site: Site;
  /** Settles when nothing is mounted any more. */
  readonly closed: Promise<void>;
  unmount(): Promise<void>;
}

const EVENT_AFTER = 10_000;
/** How soon it is seen that somebody turned the fault on, milliseconds. */
const LOOKS = 100;

/** Whether a failure can be met under a mount. */
export const hasMountedForm = ({ id }: Scenario): boolean => Object.hasOwn(mountedFaults, id);

/**
 * Mounts the client of a scenario, with its server and its network in this process: a directory for each client. The thread must
 * not use the mounts synchronously.
 *
 * @throws MountError that says what to do
 */
export async function mountScenario(
  scenario: Scenario,
  directories: readonly string[],
  { remedied, moment, tell, report, ignoreSignals }: ScenarioMountOptions,
): Promise<ScenarioMount> {
  const setting = merged(scenario.setting ?? {}, (remedied ? scenario.remedied : scenario.failing) ?? {});
  const host = nodeEnvironment();
  const { timers, cancelAll } = stoppableTimers(host.timers);
  const real = { ...host, timers };
  const start = real.clock.monotonic();
  const site = new Site(
    setting,
    {
      clock: real.clock,
      timers: real.timers,
      environment: ({ chance, network, warn }) => ({
        ...real,
        random: new SeededRandom(hashText(1, chance)),
        network,
        warn,
      }),
      sleep: () => {},
    },
    {
      seed: 1,
      clients: directories.length,
      disarmed: false,
      tell: (line) => tell(`${((real.clock.monotonic() - start) / 1e9).toFixed(3).padStart(9)}  ${line}`),
    },
  );
  await site.start();
  const strikesFromStart = mountedFaults[scenario.id].kind === 'messages' && moment === undefined;
  const mounts: DeviceMounted[] = [];
  const unmount = async (): Promise<void> => {
    await Promise.all(mounts.map((mounted) => mounted.unmount()));
    site.end();
    cancelAll();
  };
  try {
    for (const [i, { filesystem }] of site.hosts.entries()) {
      // Nothing is remembered above the client, unless the scenario says so.
      const caches = { entryTimeout: 0, attributeTimeout: 0, ...setting.mount };
      // The fault is a switch of the first mount's plan, which `estale fault` turns.
      const plan = i > 0 ? { rules: [] } : { switches: { [scenario.id]: strikesFromStart }, rules: [] };
      mounts.push(await mountObject(filesystem, directories[i], { ...caches, report, ignoreSignals, faults: plan }));
    }
  } catch (error) {
    await unmount();
    throw error;
  }
  const isOn = (): boolean => {
    const [{ faults }] = mounts;
    return faults?.on === true && faults.plan.switches?.[scenario.id] === true;
  };
  arm(site, scenario, moment, isOn);
  const closed = Promise.race(mounts.map((mounted) => mounted.closed)).then(unmount);
  return { site, closed, unmount };
}

/** Timers of which none is left behind in the end. */
function stoppableTimers(timers: Timers): { readonly timers: Timers; cancelAll(): void } {
  const waiting = new Set<() => void>();
  const after: Timers['after'] = (milliseconds, callback) => {
    const stop = timers.after(milliseconds, () => {
      waiting.delete(stop);
      callback();
    });
    waiting.add(stop);
    return () => {
      waiting.delete(stop);
      stop();
    };
  };
  return {
    timers: { after },
    cancelAll: () => {
      for (const stop of waiting) stop();
    },
  };
}

/** At the moment that was chosen, and besides while it is turned on, or as often as it is. */
function arm(site: Site, { id }: Scenario, moment: Moment | undefined, isOn: () => boolean): void {
  const fault = mountedFaults[id];
  switch (fault.kind) {
    case 'event': {
      const strike = (): void => {
        site.happened(fault.what);
        void fault.happens(site);
      };
      whenever(site, moment ?? { kind: 'at', milliseconds: EVENT_AFTER }, strike);
      whenTurnedOn(site, isOn, strike);
      return;
    }
    case 'messages':
      for (const rule of fault.rules(site)) {
        const where = (message: WireMessage): boolean => isOn() && rule.where?.(message) !== false;
        site.rule({ ...rule, name: fault.what, where });
      }
      if (moment !== undefined)
        whenever(site, moment, () => {
          for (const rule of fault.rules(site)) site.rule({ ...rule, name: fault.what, nth: 1 });
        });
      return;
    case 'other-client':
    case 'habit':
      return;
  }
}

function whenTurnedOn(site: Site, isOn: () => boolean, strike: () => void, was = false): void {
  site.timers.after(LOOKS, () => {
    const is = isOn();
    if (is && !was) strike();
    whenTurnedOn(site, isOn, strike, is);
  });
}

function whenever(site: Site, moment: Moment, strike: () => void): void {
  if (moment.kind === 'at') site.timers.after(moment.milliseconds, strike);
  else
    site.rule({
      at: 'call',
      procedure: moment.procedure,
      nth: moment.nth,
      fault: { kind: 'meanwhile', run: strike },
    });
}
