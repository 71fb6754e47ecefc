import { beforeEach, describe, expect, it } from 'vitest';
import { FileAttributes } from '../../../lib/constants.js';
import { DokanError } from '../../../lib/errors.js';
import type { DokanOperations } from '../../../lib/operations.js';
import { NtStatus, type NtStatusName } from '../../../lib/status.js';
import { dispatched, errnoOf, settled, type Dispatched } from './harness.js';
import { body, cString, type OpcodeName } from './kernel.js';

const { ARCHIVE, DIRECTORY, NORMAL, READONLY } = FileAttributes;

const refuse = (name: NtStatusName): never => {
  throw new DokanError(NtStatus[name]);
};

let files: Map<string, number>;
/** Whoever may not delete anything. */
let isForbidden: boolean;
/** Whose attributes cannot be set. */
let unchangeable: string | undefined;

/** A file system that has attributes and no modes, and protects what is READONLY as NT does. */
const operations: DokanOperations = {
  createFile: (path) => (files.has(path) ? 'opened' : refuse('OBJECT_NAME_NOT_FOUND')),
  getFileInformation: (path) => ({ size: 0, attributes: files.get(path) ?? 0 }),
  setFileAttributes: (path, attributes) => {
    if (path === unchangeable) refuse('PRIVILEGE_NOT_HELD');
    files.set(path, attributes);
  },
  deleteFile: (path) => checkDeletion(path),
  deleteDirectory: (path) => checkDeletion(path),
  cleanup: (path, file) => {
    if (file.deletePending) files.delete(path);
  },
  moveFile: (path, newPath) => {
    if (isForbidden || isReadOnly(path) || isReadOnly(newPath)) refuse('ACCESS_DENIED');
    files.set(newPath, files.get(path) ?? 0);
    files.delete(path);
  },
};

const isReadOnly = (path: string): boolean => ((files.get(path) ?? 0) & READONLY) !== 0;

function checkDeletion(path: string): void {
  if (isForbidden) refuse('ACCESS_DENIED');
  if (isReadOnly(path)) refuse('CANNOT_DELETE');
}

let all: Dispatched;

beforeEach(() => {
  isForbidden = false;
  unchangeable = undefined;
  files = new Map([
    ['/', DIRECTORY],
    ['/protected', READONLY | ARCHIVE],
    ['/other', READONLY],
    ['/directory', DIRECTORY | READONLY],
  ]);
  all = dispatched(operations);
});

async function ask(name: OpcodeName, ...parts: Buffer[]): Promise<string> {
  const unique = all.kernel.post(name, 1, ...parts);
  await settled();
  return errnoOf(all.kernel.reply(unique));
}

describe('what is READONLY', () => {
  it('can be deleted, as POSIX says', async () => {
    expect(await ask('UNLINK', cString('protected'))).toBe('OK');
    expect(files.has('/protected')).toBe(false);
    expect(await ask('RMDIR', cString('directory'))).toBe('OK');
    expect(files.has('/directory')).toBe(false);
  });

  it('can be renamed and replaced, and stays READONLY', async () => {
    const names = [cString('protected'), cString('other')];
    expect(await ask('RENAME', body.rename(1), ...names)).toBe('OK');
    expect([...files.keys()]).toEqual(['/', '/other', '/directory']);
    expect(files.get('/other')).toBe(READONLY | ARCHIVE);
  });

  it('is READONLY as before when it cannot be deleted anyway', async () => {
    isForbidden = true;
    expect(await ask('UNLINK', cString('protected'))).toBe('EACCES');
    expect(files.get('/protected')).toBe(READONLY | ARCHIVE);
    const names = [cString('protected'), cString('other')];
    expect(await ask('RENAME', body.rename(1), ...names)).toBe('EACCES');
    expect(files.get('/protected')).toBe(READONLY | ARCHIVE);
    expect(files.get('/other')).toBe(READONLY);
  });

  it('is so as before when the other one cannot be changed', async () => {
    unchangeable = '/other';
    const names = [cString('protected'), cString('other')];
    expect(await ask('RENAME', body.rename(1), ...names)).toBe('EPERM');
    expect(files.get('/protected')).toBe(READONLY | ARCHIVE);
    expect(files.get('/other')).toBe(READONLY);
  });

  it('can be deleted where chmod has made it so', async () => {
    files.set('/other', NORMAL);
    const node = all.kernel.ask('LOOKUP', 1, cString('other')).u64(0);
    all.kernel.ask('SETATTR', node, body.setattr(1, { mode: 0o444 }));
    expect(files.get('/other')).toBe(READONLY);
    expect(await ask('UNLINK', cString('other'))).toBe('OK');
  });
});

describe('a refusal for another reason', () => {
  it('is told as it is', async () => {
    isForbidden = true;
    files.set('/other', NORMAL);
    expect(await ask('UNLINK', cString('other'))).toBe('EACCES');
    expect(files.get('/other')).toBe(NORMAL);
  });
});
