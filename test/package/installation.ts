import { realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from '../../scripts/pack.mjs';
import { temporaryDirectory } from '../support/temporary.js';
import { findTool, run, runProgram, type RunOptions, type RunResult } from '../support/tools.js';

/** A project of somebody who has installed the package, on a machine without compiler. */
export interface Installation {
  /** The project. */
  readonly directory: string;
  /** node_modules/node-dokan in it. */
  readonly packageDirectory: string;
  /** What the machine has: node, npm, a shell, and the mount helper. */
  readonly env: NodeJS.ProcessEnv;
  /** Paths in the tarball. */
  readonly files: readonly string[];
  /** Writes a file of the project and returns its path. */
  write(name: string, content: string): string;
  /** Runs a program in the project, on that machine. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  remove(): void;
}

const PROGRAMS = ['node', 'npm', 'sh', 'env', 'fusermount3', 'mount', 'umount'];

function pathWithoutCompiler(directory: string): string {
  for (const name of PROGRAMS) {
    const path = name === 'node' ? process.execPath : findTool(name);
    // What a program is told by its own path must stay true: npm looks for itself beside it.
    if (path !== undefined) symlinkSync(realpathSync(path), join(directory, name));
  }
  return directory;
}

/** Packs what is built and installs it with `npm install --ignore-scripts`, in a directory of its own. */
export async function installPackage(): Promise<Installation> {
  const temporary = temporaryDirectory();
  try {
    const { tarball, files } = pack(temporary.directory('packed'));
    const directory = temporary.directory('project');
    const env = { PATH: pathWithoutCompiler(temporary.directory('bin')) };
    writeFileSync(join(directory, 'package.json'), '{ "name": "project", "private": true }\n');
    await run(
      'npm',
      ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', tarball],
      { cwd: directory, env },
    );
    return {
      directory,
      packageDirectory: join(directory, 'node_modules', 'node-dokan'),
      env,
      files,
      write: (name, content) => {
        const path = join(directory, name);
        writeFileSync(path, content);
        return path;
      },
      run: (program, args, options = {}) =>
        runProgram(program, args, {
          cwd: directory,
          ...options,
          env: { ...env, ...options.env },
        }),
      remove: () => temporary.remove(),
    };
  } catch (error) {
    temporary.remove();
    throw error;
  }
}

/** node_modules/.bin of an installation comes first where npm runs scripts. */
export const withOwnPrograms = ({ directory, env }: Installation): NodeJS.ProcessEnv => ({
  PATH: `${join(directory, 'node_modules', '.bin')}:${env['PATH'] ?? ''}`,
});
