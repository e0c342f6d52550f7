export { type Bug, type Host, MOST_CALLS, MOST_CALLS_LONGER, type Need } from './bug.ts';
export { bugs } from './bugs/index.ts';
export { type Patch, patched } from './patch.ts';
export { tableAsJson, tableFoot, tableHead, tableRow } from './table.ts';
export { type Hunted, hunt, isCaught, type ZooOptions } from './zoo.ts';
