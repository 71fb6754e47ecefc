import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectRoot } from '../support/wine.js';
import { installPackage, type Installation } from './installation.js';

let installed: Installation;
beforeAll(async () => {
  installed = await installPackage();
}, 300_000);
afterAll(() => installed.remove());

const IMPORTS = `
import { DokanError, mount, NtStatus, type DokanOperations, type Volume } from 'node-dokan';
import { loopback } from 'node-dokan/testing';
`;

const PROGRAM = `
class Missing extends DokanError {
  constructor() {
    super(NtStatus.OBJECT_NAME_NOT_FOUND);
  }
}
const operations: DokanOperations<Buffer> = {
  createFile(path, _request, file) {
    if (path !== '/') throw new Missing();
    file.isDirectory = true;
    return 'opened';
  },
  readFile(_path, buffer, offset, file) {
    return file.context.copy(buffer, 0, offset);
  },
};
export const run = async (): Promise<Volume> => mount('M:', operations, { writeProtect: true });
export const isOurs = (error: unknown): error is DokanError => error instanceof DokanError;
export const attempt = () => loopback(operations);
// @ts-expect-error: types that are 'any' would allow it
export const wrong: DokanOperations = { createFile: 1 };
`;

interface Consumer {
  readonly file: string;
  readonly module: string;
  readonly moduleResolution: string;
}

const consumers: Readonly<Record<string, Consumer>> = {
  'an ES module': { file: 'esm.mts', module: 'nodenext', moduleResolution: 'nodenext' },
  'an ES module of older settings': {
    file: 'old.mts',
    module: 'node16',
    moduleResolution: 'node16',
  },
  'a CommonJS module': { file: 'cjs.cts', module: 'nodenext', moduleResolution: 'nodenext' },
  'a CommonJS module of older settings': {
    file: 'old.cts',
    module: 'node16',
    moduleResolution: 'node16',
  },
  'a bundler': { file: 'bundled.ts', module: 'esnext', moduleResolution: 'bundler' },
};

describe('a TypeScript program that uses the installed package compiles', () => {
  test.each(Object.entries(consumers))('as %s', { timeout: 120_000 }, async (_, consumer) => {
    const file = installed.write(consumer.file, IMPORTS + PROGRAM);
    const done = await installed.run('node', [
      join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc'),
      ...['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,esnext.disposable'],
      // Declarations of ours are checked too, not only used.
      ...['--skipLibCheck', 'false'],
      ...['--typeRoots', join(projectRoot, 'node_modules', '@types'), '--types', 'node'],
      ...['--module', consumer.module, '--moduleResolution', consumer.moduleResolution],
      file,
    ]);
    expect(done).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
