const special = /[\\^$.|+()]/;

/**
 * A glob as a test of whole paths, which begin with a slash: `*` and `?` stay within a component, `**` does not (and
 * `/a/**` means `/a` too), `[a-z]` and `[!a-z]` are sets, `{a,b}` alternatives, `\` takes the next character as it is.
 *
 * @throws RangeError that says what is wrong with the glob
 */
export function compileGlob(glob: string): (path: string) => boolean {
  if (!glob.startsWith('/') && !glob.startsWith('**'))
    throw new RangeError(`expected a path from the mount point on ("/...") or "**/...", given "${glob}"`);
  const expression = new RegExp(`^${translate(glob)}$`, 's');
  return (path) => expression.test(path);
}

function translate(glob: string): string {
  let pattern = '';
  let braces = 0;
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i];
    if (c === '/' && glob.startsWith('/**', i) && (i + 3 === glob.length || glob[i + 3] === '/')) {
      pattern += '(?:/.*)?';
      i += 2;
    } else if (c === '*') {
      const across = glob[i + 1] === '*';
      pattern += across ? '.*' : '[^/]*';
      if (across) i += 1;
      if (across && i === 1 && glob[2] === '/') {
        pattern += '/';
        i += 1;
      }
    } else if (c === '?') pattern += '[^/]';
    else if (c === '[') {
      const end = glob.indexOf(']', i + 2);
      if (end < 0) throw new RangeError(`expected a "]" for the "[" in "${glob}"`);
      const set = glob.slice(i + 1, end).replace(/[\\[\]^]/g, '\\$&');
      pattern += set.startsWith('!') ? `[^/${set.slice(1)}]` : `[${set}]`;
      i = end;
    } else if (c === '{') {
      braces += 1;
      pattern += '(?:';
    } else if (c === '}' && braces > 0) {
      braces -= 1;
      pattern += ')';
    } else if (c === ',' && braces > 0) pattern += '|';
    else if (c === '\\' && i + 1 < glob.length) {
      i += 1;
      pattern += literally(glob[i]);
    } else pattern += literally(c);
  }
  if (braces > 0) throw new RangeError(`expected a "}" for the "{" in "${glob}"`);
  return pattern;
}

const literally = (c: string): string => (special.test(c) || '*?[]{}/'.includes(c) ? `\\${c}` : c);
