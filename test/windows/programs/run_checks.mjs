// Runs on Windows: run_checks.mjs <module of checks> <addon> <empty directory>. Each check gets the
// addon and a directory of its own; what became of it is written to stdout as JSON.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modulePath, addonPath, directory] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(addonPath);
const { checks, prepare } = await import(pathToFileURL(modulePath).href);
await prepare?.(addon);
const outcomes = {};
for (const [index, [name, check]] of Object.entries(checks).entries()) {
  const root = join(directory, String(index));
  mkdirSync(root);
  try {
    await check(root, addon, addonPath);
    outcomes[name] = 'passed';
  } catch (error) {
    outcomes[name] = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
process.stdout.write(JSON.stringify(outcomes));
