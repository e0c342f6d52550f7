import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compiledModule } from '../fuse/device/compiled.ts';

/** The part of vite that is used here. */
interface Bundler {
  build(config: object): Promise<unknown>;
}

/** Bundles that are being made. */
const underWay = new Map<string, Promise<string>>();

/**
 * The URL of a module that Node loads by itself, as a worker does. A TypeScript module (which vitest has loaded for the test, not
 * Node) is bundled with what it imports by the vite that vitest runs on, into `node_modules/.estale` of its package; packages
 * are not bundled.
 */
export async function loadableModule(url: string): Promise<string> {
  if (compiledModule(url) !== url || !url.startsWith('file:') || !/\.[cm]?tsx?$/.test(url)) return url;
  let bundled = underWay.get(url);
  if (bundled === undefined) {
    bundled = bundle(fileURLToPath(url)).finally(() => underWay.delete(url));
    underWay.set(url, bundled);
  }
  return bundled;
}

async function bundle(file: string): Promise<string> {
  if (!existsSync(file)) throw new Error(`${file}: no such file; expected the module of a filesystem's factory`);
  const root = packageOf(file);
  // Workers of vitest may bundle the same module at the same time.
  const worker = process.env.VITEST_POOL_ID ?? '0';
  const hash = createHash('sha256').update(file).digest('hex').slice(0, 8);
  const outDir = join(root, 'node_modules', '.estale');
  const name = `${basename(file).replace(/\.\w+$/, '')}-${hash}-${worker}.mjs`;
  mkdirSync(outDir, { recursive: true });
  const { build } = await loadVite();
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    // Linked packages too: this package must not be there twice.
    ssr: { external: true },
    build: {
      ssr: file,
      outDir,
      emptyOutDir: false,
      minify: false,
      sourcemap: 'inline',
      target: 'node20',
      rollupOptions: { output: { entryFileNames: name, format: 'es' } },
    },
  });
  return pathToFileURL(join(outDir, name)).href;
}

async function loadVite(): Promise<Bundler> {
  const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
  return import(pathToFileURL(createRequire(vitest).resolve('vite')).href);
}

/** The nearest directory with a package.json: what the module imports is found from there. */
function packageOf(file: string): string {
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return directory;
    if (directory === dirname(directory)) return dirname(file);
  }
}
