/**
 * An object whose methods run as if the process belonged to root: a library in memory that asks the host who is calling
 * (memfs does) is to give the same answers on every host. On a host where that is so, the object itself.
 */
export function asSuperuser<T extends object>(object: T): T {
  if (isSuperuser()) return object;
  return new Proxy(object, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]) => whileSuperuser(() => Reflect.apply(member, target, values));
    },
  });
}

const zero = (): number => 0;

function isSuperuser(): boolean {
  return (process.getuid?.() ?? 0) === 0 && (process.getgid?.() ?? 0) === 0;
}

function whileSuperuser<T>(use: () => T): T {
  const { getuid, getgid } = process;
  process.getuid = zero;
  process.getgid = zero;
  try {
    return use();
  } finally {
    process.getuid = getuid;
    process.getgid = getgid;
  }
}
