export { findLeak, isLeak, type LeakOptions, leaksOf } from './leaks.ts';
export { leftOver } from './left-over.ts';
export { OpenHandles } from './open-handles.ts';
