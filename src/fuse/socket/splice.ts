import type { Message } from '../message.ts';
import { fuse_init_in, IN_HEADER_SIZE, initFlags } from '../protocol/index.ts';

/** INIT flags under which replies would come over a socket in pieces. */
export const SPLICE = initFlags.SPLICE_WRITE | initFlags.SPLICE_MOVE | initFlags.SPLICE_READ;

/** Takes them out of an INIT request. */
export function offerNoSplicing(request: Message): void {
  const init = fuse_init_in.read(request, IN_HEADER_SIZE);
  fuse_init_in.write(request, IN_HEADER_SIZE, { ...init, flags: (init.flags & ~SPLICE) >>> 0 });
}
