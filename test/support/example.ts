import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VolumeProcess } from './volume_process.js';

export type { Exit } from './volume_process.js';

const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export type ExampleName = 'mirrorfs' | 'memfs' | 'imagefs' | 'hashfs';

export interface ExampleOptions {
  /** Arguments beside `--mount POINT`. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds until the line `mounted POINT` must have come. */
  readonly deadline?: number;
  /** Arguments for node itself. */
  readonly nodeArgs?: readonly string[];
}

/** The program of an example, compiled. */
export function examplePath(name: ExampleName): string {
  return join(projectRoot, 'dist', 'examples', name, 'main.js');
}

/** An example program that runs as a child. */
export class ExampleProcess extends VolumeProcess {
  constructor(name: ExampleName, mountPoint: string, options: ExampleOptions = {}) {
    const program = examplePath(name);
    if (!existsSync(program)) throw new Error(`${program} is missing: run \`npm run build\` first`);
    const own = [...(options.nodeArgs ?? []), program, '--mount', mountPoint];
    super(mountPoint, [...own, ...(options.args ?? [])], options.env);
  }
}

/** Starts an example and waits until it says `mounted POINT` and the kernel agrees. */
export function startExample(
  name: ExampleName,
  mountPoint: string,
  options: ExampleOptions = {},
): Promise<ExampleProcess> {
  return new ExampleProcess(name, mountPoint, options).mounted(options.deadline);
}
