// Builds what the tests need and runs them; arguments go to vitest.
import { tool } from './run.mjs';

await import('./build.mjs');
tool('vitest/vitest.mjs', 'run', ...process.argv.slice(2));
