// Builds what is not built and becomes an example program: `node scripts/run-example.mjs mirrorfs ...`.
import { join } from 'node:path';
import { root } from './run.mjs';

const [name, ...args] = process.argv.slice(2);
await import('./build.mjs');
const program = join(root, 'dist', 'examples', name, 'main.js');
process.argv = [process.argv[0], program, ...args];
await import(program);
