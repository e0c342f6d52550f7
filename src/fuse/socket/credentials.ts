/** Whether this process is root's. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * The words before a command that make a daemon take itself for root: without root in a user namespace, whose root is this
 * process' user. Files of the programs, which are root's, then have the owner that they should.
 */
export const asRoot = (): readonly string[] => (isRoot() ? [] : ['unshare', '-r', '--']);
