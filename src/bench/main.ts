const benches: Readonly<Record<string, () => Promise<{ bench(args: readonly string[]): Promise<number> }>>> = {
  device: () => import('./device/bench.ts'),
  record: () => import('./device/record.ts'),
  simulation: () => import('./simulation/bench.ts'),
  check: () => import('./check/bench.ts'),
  nfs: () => import('./nfs/bench.ts'),
  'nfs-server': () => import('./nfs-server/bench.ts'),
  history: () => import('./history/bench.ts'),
};

/** `npm run bench -- [NAME [OPTIONS]]`: one benchmark, or all of them. */
async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name !== undefined && !Object.hasOwn(benches, name)) {
    console.error(`unknown benchmark "${name}"; there are: ${Object.keys(benches).join(' ')}`);
    return 2;
  }
  let status = 0;
  for (const chosen of name === undefined ? Object.keys(benches) : [name]) {
    const { bench } = await benches[chosen]();
    status ||= await bench(rest);
  }
  return status;
}

process.exitCode = await main(process.argv.slice(2));
