export * from './credential.ts';
export * from './exchange.ts';
export * from './message.ts';
export * from './program.ts';
export * from './record-marking.ts';
export * from './service.ts';
