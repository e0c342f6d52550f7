export * from './message.ts';
export * from './show.ts';
