// `node daemon.js FILESYSTEM DIRECTORY [OPTIONS]`: the mount command as a process that tests can kill.
import { runMount } from '../../dist/mount/index.js';

const builtin = (name) => ({
  module: new URL(`../../dist/filesystems/${name}/index.js`, import.meta.url).href,
  exportName: name,
});
const [filesystem, directory, options] = process.argv.slice(2);
process.exitCode = await runMount({
  filesystem,
  directory,
  options,
  registry: { ram: builtin('ram') },
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
});
