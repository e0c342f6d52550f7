export { Ganesha, whyNoGanesha } from '../../src/bench/nfs-server/ganesha.ts';
