import type { Model } from '../model/index.ts';

/** Who judges the results of a program: the model, or several of it where faults leave open what happened. */
export type Oracle = Pick<
  Model,
  'spawn' | 'runs' | 'knows' | 'step' | 'descriptors' | 'inodeOf' | 'mapsMemory' | 'mappings' | 'root'
>;
