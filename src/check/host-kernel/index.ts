export * from './host-kernel.ts';
export { HostKernelError } from './worker-process.ts';
