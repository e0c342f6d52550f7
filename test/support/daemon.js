// `node daemon.js FILESYSTEM DIRECTORY [OPTIONS]`: the mount command as a process that tests can kill.
import { filesystems } from '../../dist/filesystems/index.js';
import { runMount } from '../../dist/mount/index.js';

const [filesystem, directory, options] = process.argv.slice(2);
process.exitCode = await runMount({
  filesystem,
  directory,
  options,
  registry: filesystems,
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
});
