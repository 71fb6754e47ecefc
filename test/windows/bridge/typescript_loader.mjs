// Lets Node run the tests' own TypeScript in a process of its own: `node --import THIS program.ts`.
import { register } from 'node:module';

register('./typescript_hooks.mjs', import.meta.url);
