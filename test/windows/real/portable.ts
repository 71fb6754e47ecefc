import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';

/** A file system under test, on any system. */
export interface Place {
  /** A directory on it. */
  readonly directory: string;
  close(): void | Promise<void>;
}

/** The code an operation fails with. */
function failure(operation: () => unknown): string | undefined {
  try {
    operation();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/**
 * What programs rely on with every file system, through Node's `fs`: true of NTFS as of ext4. The
 * conformance suite proper asks for all that POSIX says, and needs Linux for it.
 */
export function portable(name: string, openPlace: () => Place | Promise<Place>): void {
  describe(name, () => {
    let place: Place | undefined;
    let directory = '';
    const path = (...names: string[]): string => join(directory, ...names);

    beforeAll(async () => {
      place = await openPlace();
    }, 120_000);
    afterAll(() => place?.close());
    beforeEach(() => {
      if (place === undefined) throw new Error(`${name} is not open`);
      directory = mkdtempSync(join(place.directory, 'test-'));
    });
    afterEach(() => rmSync(directory, { recursive: true, maxRetries: 5 }));

    contents(path);
    names(path);
    directories(path);
    renames(path);
    deletion(path);
    times(path);
    manyAtOnce(path);
  });
}

type PathOf = (...names: string[]) => string;

function contents(path: PathOf): void {
  test('a file holds what was written to it', () => {
    const data = randomBytes(3 << 20);
    writeFileSync(path('a'), data);
    expect(statSync(path('a')).size).toBe(data.length);
    expect(digest(readFileSync(path('a')))).toBe(digest(data));
    writeFileSync(path('a'), 'shorter');
    expect(readFileSync(path('a'), 'utf8')).toBe('shorter');
  });

  test('reads and writes go where they are told to', () => {
    const file = openSync(path('a'), 'w+');
    try {
      writeSync(file, 'abcdef', 0);
      writeSync(file, 'XY', 2);
      const buffer = Buffer.alloc(10);
      expect(readSync(file, buffer, 0, 10, 1)).toBe(5);
      expect(buffer.toString('utf8', 0, 5)).toBe('bXYef');
      expect(readSync(file, buffer, 0, 10, 6)).toBe(0);
      expect(readSync(file, buffer, 0, 10, 1000)).toBe(0);
    } finally {
      closeSync(file);
    }
  });

  test('a gap reads as zeros', () => {
    const file = openSync(path('a'), 'w+');
    try {
      writeSync(file, 'end', 100_000);
      fsyncSync(file);
      expect(fstatSync(file).size).toBe(100_003);
    } finally {
      closeSync(file);
    }
    const read = readFileSync(path('a'));
    expect(read.subarray(0, 100_000).every((byte) => byte === 0)).toBe(true);
    expect(read.toString('utf8', 100_000)).toBe('end');
  });

  test('truncating shortens, and lengthens with zeros', () => {
    writeFileSync(path('a'), 'abcdef');
    truncateSync(path('a'), 3);
    expect(readFileSync(path('a'), 'utf8')).toBe('abc');
    truncateSync(path('a'), 6);
    expect(readFileSync(path('a'))).toEqual(Buffer.from('abc\0\0\0'));
  });

  test('sizes beyond 4 GiB', () => {
    const size = 2 ** 32 + 5;
    const file = openSync(path('a'), 'w+');
    try {
      ftruncateSync(file, size);
      expect(fstatSync(file).size).toBe(size);
      const buffer = Buffer.alloc(10, 1);
      expect(readSync(file, buffer, 0, 10, size - 5)).toBe(5);
      expect(buffer.toString('hex')).toBe('0000000000' + '0101010101');
    } finally {
      closeSync(file);
    }
  });

  test('two opens append after each other', () => {
    const first = openSync(path('a'), 'a');
    const second = openSync(path('a'), 'a');
    writeSync(first, '1');
    writeSync(second, '2');
    writeSync(first, '3');
    closeSync(first);
    closeSync(second);
    appendFileSync(path('a'), '4');
    expect(readFileSync(path('a'), 'utf8')).toBe('1234');
  });

  test('what one open writes another one reads', () => {
    const writer = openSync(path('a'), 'w');
    const reader = openSync(path('a'), 'r');
    try {
      const buffer = Buffer.alloc(4);
      writeSync(writer, 'one');
      expect(readSync(reader, buffer, 0, 4, 0)).toBe(3);
      writeSync(writer, 'two', 0);
      readSync(reader, buffer, 0, 4, 0);
      expect(buffer.toString('utf8', 0, 3)).toBe('two');
    } finally {
      closeSync(writer);
      closeSync(reader);
    }
  });
}

function names(path: PathOf): void {
  test.each([
    ['spaces', 'a b  c'],
    ['dots', '.hidden.tar.gz'],
    ['umlauts', 'Grüße'],
    ['characters beyond 16 bits', 'naïve 😀 文件'],
    ['255 characters', 'n'.repeat(255)],
  ])('%s', (_, name) => {
    writeFileSync(path(name), name);
    expect(readdirSync(path())).toEqual([name]);
    expect(readFileSync(path(name), 'utf8')).toBe(name);
  });

  test('more than 255 characters are too many', () => {
    expect(['ENAMETOOLONG', 'ENOENT', 'EINVAL']).toContain(
      failure(() => writeFileSync(path('n'.repeat(256)), '')),
    );
  });

  test('keep the case they were given', () => {
    writeFileSync(path('MixedCase.TXT'), '');
    expect(readdirSync(path())).toEqual(['MixedCase.TXT']);
  });

  test('what is missing is missing', () => {
    expect(failure(() => readFileSync(path('a')))).toBe('ENOENT');
    expect(failure(() => statSync(path('a', 'b')))).toBe('ENOENT');
    expect(failure(() => writeFileSync(path('a', 'b'), ''))).toBe('ENOENT');
    expect(failure(() => readdirSync(path('a')))).toBe('ENOENT');
  });

  test('an exclusive open makes a file or fails', () => {
    closeSync(openSync(path('a'), 'wx'));
    expect(failure(() => openSync(path('a'), 'wx'))).toBe('EEXIST');
  });
}

function directories(path: PathOf): void {
  test('are made, listed and removed', () => {
    mkdirSync(path('a', 'b', 'c'), { recursive: true });
    writeFileSync(path('a', 'file'), '');
    expect(readdirSync(path('a')).sort()).toEqual(['b', 'file']);
    const [entry] = readdirSync(path('a'), { withFileTypes: true }).filter(
      (each) => each.name === 'b',
    );
    expect(entry?.isDirectory()).toBe(true);
    expect(failure(() => mkdirSync(path('a')))).toBe('EEXIST');
    expect(failure(() => rmdirSync(path('a')))).toBe('ENOTEMPTY');
    rmdirSync(path('a', 'b', 'c'));
    expect(existsSync(path('a', 'b', 'c'))).toBe(false);
  });

  test('a thousand entries are listed once each', () => {
    const expected = Array.from({ length: 1000 }, (_, index) => `entry-${String(index)}`);
    for (const name of expected) writeFileSync(path(name), '');
    expect(readdirSync(path()).sort()).toEqual(expected.sort());
  });

  test('are copied with all that is in them', () => {
    mkdirSync(path('from', 'deep', 'er'), { recursive: true });
    const data = randomBytes(100_000);
    writeFileSync(path('from', 'deep', 'er', 'file'), data);
    writeFileSync(path('from', 'empty'), '');
    cpSync(path('from'), path('to'), { recursive: true });
    expect(readFileSync(path('to', 'deep', 'er', 'file')).equals(data)).toBe(true);
    expect(statSync(path('to', 'empty')).size).toBe(0);
  });
}

function renames(path: PathOf): void {
  test('a file gets another name, in another directory too', () => {
    writeFileSync(path('a'), 'text');
    mkdirSync(path('d'));
    renameSync(path('a'), path('d', 'b'));
    expect(existsSync(path('a'))).toBe(false);
    expect(readFileSync(path('d', 'b'), 'utf8')).toBe('text');
  });

  test('a file takes the place of another one', () => {
    writeFileSync(path('a'), 'new');
    writeFileSync(path('b'), 'old');
    renameSync(path('a'), path('b'));
    expect(readdirSync(path())).toEqual(['b']);
    expect(readFileSync(path('b'), 'utf8')).toBe('new');
  });

  test('a directory moves with what is in it', () => {
    mkdirSync(path('a'));
    writeFileSync(path('a', 'file'), 'text');
    renameSync(path('a'), path('b'));
    expect(readFileSync(path('b', 'file'), 'utf8')).toBe('text');
    expect(readdirSync(path())).toEqual(['b']);
  });

  test('fails where source or target directory is missing', () => {
    expect(failure(() => renameSync(path('a'), path('b')))).toBe('ENOENT');
    writeFileSync(path('a'), '');
    expect(failure(() => renameSync(path('a'), path('missing', 'b')))).toBe('ENOENT');
    expect(existsSync(path('a'))).toBe(true);
  });

  test('a name differs from itself in case only', () => {
    writeFileSync(path('name'), '');
    renameSync(path('name'), path('NAME'));
    expect(readdirSync(path())).toEqual(['NAME']);
  });
}

function deletion(path: PathOf): void {
  test('a deleted name is free again', () => {
    writeFileSync(path('a'), '1');
    unlinkSync(path('a'));
    expect(failure(() => unlinkSync(path('a')))).toBe('ENOENT');
    writeFileSync(path('a'), '2');
    expect(readFileSync(path('a'), 'utf8')).toBe('2');
  });

  test('an open file stays readable when it is deleted', async () => {
    writeFileSync(path('a'), 'text');
    const file = openSync(path('a'), 'r');
    unlinkSync(path('a'));
    const buffer = Buffer.alloc(4);
    expect(readSync(file, buffer, 0, 4, 0)).toBe(4);
    closeSync(file);
    expect(buffer.toString()).toBe('text');
    await eventually('the name to be gone', () => !existsSync(path('a')));
  });
}

function times(path: PathOf): void {
  test('are kept to the millisecond', () => {
    writeFileSync(path('a'), '');
    const accessed = new Date('2001-02-03T04:05:06.789Z');
    const modified = new Date('2030-12-31T23:59:59.001Z');
    utimesSync(path('a'), accessed, modified);
    const { atime, mtime } = statSync(path('a'));
    expect([atime, mtime]).toEqual([accessed, modified]);
  });

  test('writing changes the time of change', () => {
    writeFileSync(path('a'), '');
    utimesSync(path('a'), new Date(0), new Date('2001-01-01'));
    appendFileSync(path('a'), 'more');
    expect(statSync(path('a')).mtime.getFullYear()).toBeGreaterThan(2020);
  });

  test('a copy has the content of its source', () => {
    const data = randomBytes(200_000);
    writeFileSync(path('a'), data);
    copyFileSync(path('a'), path('b'));
    expect(readFileSync(path('b')).equals(data)).toBe(true);
  });
}

function manyAtOnce(path: PathOf): void {
  test('twenty files are written and read side by side', { timeout: 120_000 }, async () => {
    const work = async (index: number): Promise<boolean> => {
      const data = randomBytes(50_000 + index);
      const file = await open(path(`file-${String(index)}`), 'w+');
      try {
        for (let offset = 0; offset < data.length; offset += 4096) {
          await file.write(data.subarray(offset, offset + 4096), 0, undefined, offset);
        }
        const { bytesRead, buffer } = await file.read(Buffer.alloc(data.length), 0, data.length, 0);
        return bytesRead === data.length && buffer.equals(data);
      } finally {
        await file.close();
      }
    };
    const right = await Promise.all(Array.from({ length: 20 }, (_, index) => work(index)));
    expect(right).toEqual(right.map(() => true));
  });
}
