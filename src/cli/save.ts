import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counterexampleToText, type Finding } from '../check/index.ts';

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** Writes a finding as a counterexample file into a directory; gives its path. The same finding has the same name. */
export function saveFinding(directory: string, target: string, finding: Finding): string {
  const path = join(directory, `${slug(target)}-${slug(finding.signature).slice(0, 80)}.json`);
  writeFileSync(path, counterexampleToText({ ...finding, target }));
  return path;
}
