const root = new URL('../../../', import.meta.url).href;

/**
 * The URL that a worker or child process can load for a module of this package, named by its source file (`*.ts`, beside
 * the caller): the compiled one in `dist`, also where the sources run as they are (tests). Any other URL stays.
 */
export function compiledModule(url: string): string {
  const path = url.startsWith(root) && url.endsWith('.ts') ? url.slice(root.length) : '';
  const [, inside] = /^(?:src|dist)\/(.*)\.ts$/.exec(path) ?? [];
  return inside === undefined ? url : `${root}dist/${inside}.js`;
}
