export * from './exports/export.ts';
export { parseExport } from './exports/parse.ts';
export { statusOf } from './failure.ts';
export * from './options.ts';
export { listHabits, parseHabit } from './parse-habit.ts';
export * from './server.ts';
