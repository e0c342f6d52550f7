import { nodeEnvironment } from '../../../env/index.ts';
import { FaultEngine, type FaultPlan, FaultPlanError, showInjected, showUnfired } from '../../../fault/index.ts';
import { type Address, checkProxyPlan, NfsProxy } from '../../../proxy/index.ts';
import { listenForInterrupt } from '../../interrupt.ts';
import { readPlan } from '../../plan.ts';
import { exitCode, parseOptions, UsageError, wholeNumber } from '../../usage.ts';

const help = `estale nfs proxy --listen PORT --to HOST:PORT [options]

Stands between any clients and a server of NFSv3 over TCP, has a plan's faults strike at calls and replies, and tells at the end
how often each rule did. MOUNT calls take the same way: clients need no portmapper. Until Ctrl-C. See docs/nfs-proxy.md.

  --listen PORT         where clients come; 0 takes a free one
  --host ADDRESS        the address for that; default 127.0.0.1
  --to HOST:PORT        the server
  --mount-to HOST:PORT  where MOUNT is served; default: where NFS is
  --faults PLAN         rules at rpc-call and rpc-reply (YAML or JSON, docs/faults.md); read again at SIGUSR2
  -v, --verbose         print each call, reply and fault

Exit code: 0 after Ctrl-C, 1 it could not listen, 2 usage error.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('nfs proxy', args, {
    listen: { type: 'string' },
    host: { type: 'string' },
    to: { type: 'string' },
    'mount-to': { type: 'string' },
    faults: { type: 'string' },
    verbose: { type: 'boolean', short: 'v' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  if (positionals.length > 0) throw new UsageError(`nfs proxy: expected options only, given ${positionals.join(' ')}`);
  if (values.listen === undefined || values.to === undefined)
    throw new UsageError('nfs proxy: expected --listen PORT and --to HOST:PORT');
  const port = wholeNumber('listen', values.listen, 0, 65535);
  const to = address('to', values.to);
  const mountTo = values['mount-to'] === undefined ? undefined : address('mount-to', values['mount-to']);
  const plan = values.faults === undefined ? { rules: [] } : readProxyPlan(values.faults);
  const print = values.verbose ? (line: string) => console.log(line) : undefined;
  const environment = nodeEnvironment();
  const faults = new FaultEngine(plan, {
    now: () => environment.clock.monotonic() / 1e6,
    observe: (fault) => print?.(showInjected(fault)),
    stablePids: false,
  });
  const report = (problem: string): void => console.error(`estale: ${problem}`);
  const proxy = new NfsProxy(environment, { to, mountTo, faults, observe: print, report });
  return relay(proxy, faults, { host: values.host ?? '127.0.0.1', port }, to, values.faults);
}

async function relay(
  proxy: NfsProxy,
  faults: FaultEngine,
  { host, port }: Address,
  to: Address,
  file: string | undefined,
): Promise<number> {
  const interrupt = listenForInterrupt();
  const reload = (): void => reloadPlan(faults, file);
  process.on('SIGUSR2', reload);
  try {
    const taken = await proxy.listen(host, port);
    console.log(`relaying ${host}:${taken} to ${to.host}:${to.port}; Ctrl-C ends it`);
    const { signal } = interrupt;
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (const line of showRules(faults)) console.log(line);
    return exitCode.nothingFound;
  } catch (error) {
    console.error(`estale: ${error instanceof Error ? error.message : String(error)}`);
    return exitCode.found;
  } finally {
    process.off('SIGUSR2', reload);
    interrupt.stop();
    proxy.close();
  }
}

/** What each rule came to. */
function showRules(faults: FaultEngine): readonly string[] {
  const reports = faults.report();
  const fired = reports
    .filter(({ injected }) => injected > 0)
    .map(
      ({ rule, injected }) => `rule ${JSON.stringify(rule)}: fired ${injected === 1 ? 'once' : `${injected} times`}`,
    );
  return [...fired, ...showUnfired(reports)];
}

function reloadPlan(faults: FaultEngine, file: string | undefined): void {
  if (file === undefined) return;
  try {
    faults.load(readProxyPlan(file));
    console.log(`${file} is in force`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`estale: ${error.message}; the plan before stays in force`);
  }
}

/** @throws UsageError */
function readProxyPlan(file: string): FaultPlan {
  const plan = readPlan(file);
  try {
    checkProxyPlan(plan, file);
    return plan;
  } catch (error) {
    if (error instanceof FaultPlanError) throw new UsageError(error.message);
    throw error;
  }
}

/** `HOST:PORT`, where the host may be an IPv6 address in brackets. */
function address(option: string, text: string): Address {
  const match = /^(?:\[(.+)\]|([^:]+)):([0-9]+)$/.exec(text);
  if (match === null) throw new UsageError(`--${option}: expected HOST:PORT, given "${text}"`);
  return { host: match[1] ?? match[2], port: wholeNumber(option, match[3], 1, 65535) };
}
