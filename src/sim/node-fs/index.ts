export { type SimulatedFs, type SimulatedFsOptions, simulatedFs } from './simulated-fs.ts';
