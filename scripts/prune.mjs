// Takes out of a directory of compiled files what no source compiles to any more: it would be packed.
import { existsSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

const COMPILED = /\.(?:js|js\.map|d\.ts)$/;

/**
 * @param {string} output - directory of compiled files; nothing happens when there is none
 * @param {(module: string) => string} sourceOf - the source's path without `.ts`, of a module's path in `output`
 */
export function prune(output, sourceOf) {
  if (!existsSync(output)) return;
  pruneDirectory(output, (path) => {
    const module = relative(output, path).replace(COMPILED, '');
    return COMPILED.test(path) && existsSync(`${sourceOf(module)}.ts`);
  });
}

/** @returns whether it is empty now */
function pruneDirectory(directory, isWanted) {
  let isEmpty = true;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (pruneDirectory(path, isWanted)) rmdirSync(path);
      else isEmpty = false;
    } else if (isWanted(path)) {
      isEmpty = false;
    } else {
      unlinkSync(path);
    }
  }
  return isEmpty;
}
