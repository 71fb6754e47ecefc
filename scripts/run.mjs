// What the other scripts share: where the project is, and how a program is run.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a program in the project and ends this one when it fails. */
export function run(program, args, options = {}) {
  const { status, signal, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    ...options,
  });
  if (error !== undefined) throw error;
  if (signal !== null) process.kill(process.pid, signal);
  if (status !== 0) process.exit(status);
}

/** Runs a JavaScript tool of node_modules. */
export function tool(path, ...args) {
  run(process.execPath, [`${root}/node_modules/${path}`, ...args]);
}
