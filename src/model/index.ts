export * from './crash/index.ts';
export type { Inode } from './inode.ts';
export { Model } from './model.ts';
export type { CallClock, ModelOptions } from './state.ts';
export type { TreeNode } from './tree.ts';
export { type Divergence, resultName, type Verdict, wrongResult } from './verdict.ts';
