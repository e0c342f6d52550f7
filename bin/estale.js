#!/usr/bin/env node
// In a checkout the sources are compiled on first use; a published package carries dist.
import { existsSync } from 'node:fs';

if (existsSync(new URL('../tsconfig.json', import.meta.url))) await import('../scripts/build.js');
const { main } = await import('../dist/cli/main.js');
await main(process.argv.slice(2));
