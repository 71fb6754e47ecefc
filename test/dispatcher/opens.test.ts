import { describe, expect, it } from 'vitest';
import { CreateDisposition, CreateOptions } from '../../lib/constants.js';
import { DokanError } from '../../lib/errors.js';
import type { CreateFileRequest, FileContext } from '../../lib/operations.js';
import { NtStatus } from '../../lib/status.js';
import { release } from '../../lib/target.js';
import {
  caller,
  deferred,
  failure,
  failureLater,
  harness,
  Journal,
  now,
  OPEN,
  openNow,
  promised,
  request,
  settled,
} from './harness.js';

const { DIRECTORY_FILE, NON_DIRECTORY_FILE, DELETE_ON_CLOSE } = CreateOptions;

/** Runs a scenario with callbacks that answer at once, and with ones that promise. */
const ways: [string, <T>(value: T) => T | Promise<T>, (error: Error) => unknown][] = [
  [
    'at once',
    (value) => value,
    (error) => {
      throw error;
    },
  ],
  ['later', (value) => Promise.resolve(value), (error) => Promise.reject(error)],
];

describe.each(ways)('an open, answered %s', (_when, answer, fail) => {
  function setUp(isDirectory?: boolean, veto?: Error) {
    const { lines } = new Journal();
    const note = (line: string) => {
      lines.push(line);
      return answer(undefined);
    };
    const ask = (name: string, path: string, file: FileContext): unknown => {
      void note(`${name} ${path} ${String(file.deletePending)}`);
      return veto === undefined ? answer(undefined) : fail(veto);
    };
    const operations = {
      createFile(path: string, _how: CreateFileRequest, file: FileContext) {
        if (isDirectory !== undefined) file.isDirectory = isDirectory;
        return note(`createFile ${path}`);
      },
      deleteFile: (path: string, file: FileContext) => ask('deleteFile', path, file),
      deleteDirectory: (path: string, file: FileContext) => ask('deleteDirectory', path, file),
      cleanup: (path: string, file: FileContext) =>
        note(`cleanup ${path} ${String(file.deletePending)}`),
      closeFile: (path: string) => note(`closeFile ${path}`),
    };
    return { ...harness(operations), lines };
  }

  it('goes through createFile, cleanup, closeFile, each once', async () => {
    const { dispatcher, lines } = setUp();
    const file = await dispatcher.createFile('/a', OPEN, caller());
    expect(dispatcher.openCount).toBe(1);
    await dispatcher.cleanup(file, '/b', caller());
    expect(dispatcher.openCount).toBe(1);
    await dispatcher.cleanup(file, '/b', caller());
    await dispatcher.closeFile(file, '/c', caller());
    await dispatcher.closeFile(file, '/c', caller());
    expect(lines).toEqual(['createFile /a', 'cleanup /b false', 'closeFile /c']);
    expect(dispatcher.openCount).toBe(0);
  });

  it('is closed after its cleanup is done, also when both are asked for at once', async () => {
    const { dispatcher, lines } = setUp();
    const file = await dispatcher.createFile('/a', OPEN, caller());
    await Promise.all([
      dispatcher.cleanup(file, '/a', caller()),
      dispatcher.closeFile(file, '/a', caller()),
    ]);
    await settled();
    expect(lines).toEqual(['createFile /a', 'cleanup /a false', 'closeFile /a']);
    expect(dispatcher.openCount).toBe(0);
  });

  it('that failed needs no closing', async () => {
    const { dispatcher } = harness({ createFile: () => fail(new DokanError(NtStatus.DISK_FULL)) });
    const ask = async () => await dispatcher.createFile('/a', OPEN, caller());
    expect(await failureLater(ask())).toBe('DISK_FULL');
    expect(dispatcher.openCount).toBe(0);
  });

  it.each([
    ['a file where a directory is wanted', false, DIRECTORY_FILE, 'NOT_A_DIRECTORY'],
    ['a directory where a file is wanted', true, NON_DIRECTORY_FILE, 'FILE_IS_A_DIRECTORY'],
  ])('refuses %s', async (_what, isDirectory, option, status) => {
    const { dispatcher, lines } = setUp(isDirectory);
    const how = request(CreateDisposition.OPEN, option);
    const ask = async () => await dispatcher.createFile('/a', how, caller());
    expect(await failureLater(ask())).toBe(status);
    expect(lines).toEqual(['createFile /a', 'cleanup /a false', 'closeFile /a']);
    expect(dispatcher.openCount).toBe(0);
  });

  it.each([
    ['a file', false, NON_DIRECTORY_FILE],
    ['a directory', true, DIRECTORY_FILE],
    ['either, here a file', false, 0],
    ['either, here a directory', true, 0],
  ])('takes %s where it is wanted', async (_what, isDirectory, option) => {
    const { dispatcher } = setUp(isDirectory);
    const how = request(CreateDisposition.OPEN, option);
    expect(await dispatcher.createFile('/a', how, caller())).toMatchObject({ isDirectory });
  });

  it('is of a directory when a directory is asked for, until the file system says otherwise', async () => {
    const { dispatcher } = setUp();
    const how = request(CreateDisposition.CREATE, DIRECTORY_FILE);
    expect(await dispatcher.createFile('/a', how, caller())).toMatchObject({ isDirectory: true });
  });

  describe('to be deleted on close', () => {
    const how = request(CreateDisposition.OPEN, DELETE_ON_CLOSE);

    it.each([
      ['deleteFile', false],
      ['deleteDirectory', true],
    ])('asks %s', async (name, isDirectory) => {
      const { dispatcher, lines } = setUp(isDirectory);
      const file = await dispatcher.createFile('/a', how, caller());
      expect(file.deletePending).toBe(true);
      await release(dispatcher, file, '/a', caller());
      expect(lines).toEqual([
        'createFile /a',
        `${name} /a true`,
        'cleanup /a true',
        'closeFile /a',
      ]);
    });

    it('does not come about when the file system refuses', async () => {
      const veto = new DokanError(NtStatus.CANNOT_DELETE);
      const { dispatcher, lines, errors } = setUp(false, veto);
      const ask = async () => await dispatcher.createFile('/a', how, caller());
      expect(await failureLater(ask())).toBe('CANNOT_DELETE');
      expect(lines).toEqual([
        'createFile /a',
        'deleteFile /a true',
        'cleanup /a false',
        'closeFile /a',
      ]);
      expect(dispatcher.openCount).toBe(0);
      expect(errors).toEqual([]);
    });
  });

  describe('whose disposition is set', () => {
    it('is asked both ways', async () => {
      const { dispatcher, lines } = setUp();
      const file = await dispatcher.createFile('/a', OPEN, caller());
      await dispatcher.setDisposition(file, '/a', true, caller());
      expect(file.deletePending).toBe(true);
      await dispatcher.setDisposition(file, '/a', false, caller());
      expect(file.deletePending).toBe(false);
      await dispatcher.setDisposition(file, '/a', true, caller());
      await dispatcher.cleanup(file, '/a', caller());
      expect(lines.slice(1)).toEqual([
        'deleteFile /a true',
        'deleteFile /a false',
        'deleteFile /a true',
        'cleanup /a true',
      ]);
    });

    it.each([true, false])('stays as it was (%s) when that fails', async (before) => {
      const { dispatcher } = setUp(false, new DokanError(NtStatus.ACCESS_DENIED));
      const file = await dispatcher.createFile('/a', OPEN, caller());
      file.deletePending = before;
      const ask = async () => await dispatcher.setDisposition(file, '/a', !before, caller());
      expect(await failureLater(ask())).toBe('ACCESS_DENIED');
      expect(file.deletePending).toBe(before);
    });
  });
});

it('cannot be deleted on close where the file system cannot delete', () => {
  const journal = new Journal();
  const { dispatcher } = harness(journal.operations);
  const how = request(CreateDisposition.OPEN, DELETE_ON_CLOSE);
  expect(failure(() => dispatcher.createFile('/a', how, caller()))).toBe('NOT_IMPLEMENTED');
  expect(journal.lines).toEqual(['createFile /a', 'cleanup /a', 'closeFile /a']);
});

it('an open that is refused fails only when it is closed', async () => {
  const closing = deferred();
  const { dispatcher } = harness({
    createFile: (_path: string, _how: CreateFileRequest, file: FileContext) =>
      void (file.isDirectory = true),
    closeFile: () => closing.promise,
  });
  const how = request(CreateDisposition.OPEN, NON_DIRECTORY_FILE);
  let failed = false;
  const opening = promised(dispatcher.createFile('/a', how, caller()));
  opening.catch(() => (failed = true));
  await settled();
  expect(failed).toBe(false);
  expect(dispatcher.openCount).toBe(1);
  closing.resolve(undefined);
  expect(await failureLater(opening)).toBe('FILE_IS_A_DIRECTORY');
  expect(dispatcher.openCount).toBe(0);
});

describe('synchronous callbacks', () => {
  it('need no microtask from open to close', async () => {
    const journal = new Journal();
    const { dispatcher } = harness({
      ...journal.operations,
      getFileInformation: () => ({ size: 1 }),
      findFiles: () => [{ name: 'a' }],
    });
    let ran = false;
    void Promise.resolve().then(() => (ran = true));
    const file = openNow(dispatcher);
    now(dispatcher.getFileInformation(file, '/f', caller()));
    now(now(dispatcher.findFiles(file, '/f', undefined, caller())).next());
    now(dispatcher.cleanup(file, '/f', caller()));
    now(dispatcher.closeFile(file, '/f', caller()));
    expect(journal.lines).toEqual(['createFile /f', 'cleanup /f', 'closeFile /f']);
    expect(ran).toBe(false);
    await settled();
    expect(ran).toBe(true);
  });
});
