import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import type { Posix } from '../support/posix.js';
import type { HostProcess } from './host_process.js';
import { client, errnoOf, mountPoint, startHost } from './place.js';

/** What a file system may do wrong, on a live mount: each costs one request, never more. */

let point: string;
let host: HostProcess;
let posix: Posix;

// Through the page cache the kernel reads ahead, and asks again for a page when that fails.
const OPTIONS = { attributeTimeout: 0, entryTimeout: 0, operationTimeout: 400, directIo: true };

beforeEach(async () => {
  point = mountPoint();
  host = await startHost();
  await host.mount('one', point, OPTIONS);
  posix = client();
});

const at = (path: string): string => join(point, path);

async function withFile(
  path: string,
  flags: string,
  use: (fd: number) => Promise<unknown>,
): Promise<void> {
  const fd = await posix.open(at(path), flags);
  try {
    await use(fd);
  } finally {
    await posix.closeFd(fd);
  }
}

/** What makes the kernel call each callback. */
const TRIGGERS: Record<string, (path: string) => Promise<unknown>> = {
  queryOpen: (path) => posix.stat(at(path)),
  createFile: (path) => withFile(path, 'RDONLY', () => Promise.resolve()),
  getFileInformation: (path) => withFile(path, 'RDONLY', (fd) => posix.fstat(fd)),
  readFile: (path) => withFile(path, 'RDONLY', (fd) => posix.pread(fd, 4096, 0)),
  writeFile: (path) => withFile(path, 'WRONLY', (fd) => posix.pwrite(fd, 'text', 0)),
  findFiles: (path) => posix.listdir(at(path)),
  setEndOfFile: (path) => posix.truncate(at(path), 5),
  setFileTime: (path) => posix.utimens(at(path), 1n, 1n),
  setMode: (path) => posix.chmod(at(path), 0o600),
  deleteFile: (path) => posix.unlink(at(path)),
  moveFile: (path) => posix.rename(at(path), at('moved')),
};

/** The volume and its process are as if nothing had happened. */
async function lives(): Promise<void> {
  expect(await posix.readText(at('good'))).toBe('good');
  expect(await posix.names(point)).toContain('good');
  expect(host.ended).toBeUndefined();
  expect(host.stderr).toBe('');
}

async function errors(path: string, count: number): Promise<void> {
  await eventually(`${count} errors of ${path}`, () => host.seen('error', path).length >= count);
  // What else there was to be reported has been: the order is answered after it.
  await host.order('openCount', 'one');
  expect(host.seen('error', path)).toHaveLength(count);
}

const THROWN = [
  'throw-null',
  'throw-undefined',
  'throw-string',
  'throw-symbol',
  'throw-proxy',
  'throw-type-error',
  'throw-strange-code',
  'reject-null',
  'reject-undefined',
  'reject-type-error',
];

describe.each(Object.keys(TRIGGERS))('%s that throws what it should not', (callback) => {
  it('fails its request with EIO and is reported once', async () => {
    for (const deed of THROWN) {
      const path = `/${callback}!${deed}`;
      expect(await errnoOf(TRIGGERS[callback]!(path)), path).toBe('EIO');
      await errors(path, 1);
    }
    await lives();
  });
});

const ANSWERED: [callback: string, ...deeds: string[]][] = [
  ['queryOpen', 'return-string', 'return-null', 'return-function', 'return-symbol'],
  ['queryOpen', 'return-hostile', 'resolve-string', 'resolve-twice', 'getter-throws'],
  ['queryOpen', 'negative-size', 'huge-size', 'bad-time', 'bad-inode'],
  ['getFileInformation', 'return-null', 'resolve-string', 'negative-size', 'bad-time'],
  ['createFile', 'return-string', 'return-symbol', 'return-hostile', 'resolve-string'],
  ['readFile', 'too-many', 'negative', 'fraction', 'not-a-number', 'return-null'],
  ['readFile', 'return-string', 'return-hostile', 'resolve-string', 'resolve-twice'],
  ['writeFile', 'too-many', 'negative', 'fraction', 'not-a-number', 'resolve-string'],
  ['findFiles', 'return-null', 'return-string', 'not-iterable', 'resolve-string'],
  ['findFiles', 'slash-in-name', 'nul-in-name', 'empty-name'],
  ['findFiles', 'iterator-throws', 'iterator-answers-nonsense'],
];

describe.each(ANSWERED)('%s that answers wrongly (%s, %s, %s ...)', (callback, ...deeds) => {
  it('fails its request with EIO and is reported once', async () => {
    for (const deed of deeds) {
      const path = `/${callback}!${deed}`;
      expect(await errnoOf(TRIGGERS[callback]!(path)), path).toBe('EIO');
      await errors(path, 1);
    }
    await lives();
  });
});

describe('cleanup and closeFile that throw', () => {
  it('cannot fail close(2), and are reported', async () => {
    for (const callback of ['cleanup', 'closeFile']) {
      for (const deed of ['throw-null', 'throw-type-error', 'reject-undefined', 'never']) {
        const path = `/${callback}!${deed}`;
        await withFile(path, 'RDONLY', (fd) => posix.pread(fd, 4, 0));
        if (deed !== 'never') await errors(path, 1);
      }
    }
    await lives();
    await host.unmount('one');
    expect(host.seen('unmounted')).toHaveLength(1);
  });
});

describe('memory that is given away', () => {
  it.each(['transfer', 'transfer-later', 'post-message', 'transfer-and-throw'])(
    'by readFile (%s) costs an error at most',
    async (deed) => {
      for (let time = 0; time < 12; time += 1) {
        await withFile(`readFile!${deed}`, 'RDONLY', async (fd) => {
          expect(await errnoOf(posix.pread(fd, 4096, 0))).toMatch(/EIO|EACCES/);
        });
        await lives();
      }
    },
  );

  it.each(['transfer', 'transfer-later', 'post-message', 'transfer-and-throw'])(
    'by writeFile (%s) costs nothing else',
    async (deed) => {
      for (let time = 0; time < 12; time += 1) {
        await withFile(`writeFile!${deed}`, 'WRONLY', async (fd) => {
          expect(await errnoOf(posix.pwrite(fd, 'text', 0))).toMatch(/ok|EIO|EACCES/);
        });
        await lives();
      }
    },
  );

  it('and written to after the answer changes nothing that was answered', async () => {
    const path = 'readFile!write-after-answer';
    await withFile(path, 'RDONLY', async (fd) => {
      for (let time = 0; time < 20; time += 1) {
        const [first] = await posix.pread(fd, 16, 0);
        expect(String.fromCharCode(first ?? 0)).toBe('x');
      }
    });
    await host.event('written', `/${path}`);
    await lives();
  });
});

describe('a promise that does not settle', () => {
  it.each(['queryOpen', 'createFile', 'readFile', 'writeFile', 'findFiles', 'setMode'])(
    'of %s fails its request with ETIMEDOUT',
    async (callback) => {
      const path = `/${callback}!never`;
      expect(await errnoOf(TRIGGERS[callback]!(path))).toBe('ETIMEDOUT');
      expect(host.seen('signal', path)).toMatchObject([{ status: 'IO_TIMEOUT' }]);
      expect(host.seen('error', path)).toEqual([]);
      expect((await host.statistics('one'))[callback as 'readFile']?.timeouts).toBe(1);
      await lives();
    },
  );

  it('of an iterator of findFiles fails its request with ETIMEDOUT', async () => {
    expect(await errnoOf(posix.listdir(at('findFiles!never-next')))).toBe('ETIMEDOUT');
    await lives();
  });

  it('does not hold up others', async () => {
    const waiting = Promise.all(
      [1, 2, 3].map((number) => errnoOf(client().stat(at(`queryOpen!never.${number}`)))),
    );
    await host.event('waiting', '/queryOpen!never.3');
    await lives();
    expect(await waiting).toEqual(['ETIMEDOUT', 'ETIMEDOUT', 'ETIMEDOUT']);
  });

  it('that settles too late is nobody’s business', async () => {
    for (const deed of ['late', 'late-error', 'late-mistake']) {
      for (const callback of ['queryOpen', 'readFile', 'createFile']) {
        const path = `/${callback}!${deed}`;
        expect(await errnoOf(TRIGGERS[callback]!(path)), path).toBe('ETIMEDOUT');
      }
    }
    await host.order('settle', 'one');
    await lives();
    // A mistake is reported even so, and an open that nobody waits for is closed.
    for (const callback of ['queryOpen', 'readFile', 'createFile']) {
      await errors(`/${callback}!late-mistake`, 1);
      await errors(`/${callback}!late`, 0);
      await errors(`/${callback}!late-error`, 0);
    }
    await eventually('all opens to be closed', async () => {
      return (await host.order('openCount', 'one')) === 0;
    });
    expect(host.seen('closeFile', '/createFile!late')).toHaveLength(1);
  });

  it('that settles after the volume has gone is nobody’s business either', async () => {
    const second = mountPoint();
    await host.mount('two', second);
    const results = ['late', 'late-error', 'late-mistake'].map(async (deed) => {
      const other = client();
      const fd = await other.open(join(second, `readFile!${deed}`), 'RDONLY');
      return errnoOf(other.pread(fd, 10, 0));
    });
    await eventually('three requests to wait', () => host.seen('waiting').length === 3);
    await host.unmount('two', { force: true });
    for (const result of await Promise.all(results)) expect(result).toMatch(/ECONN|ENOTCONN/);
    await host.order('settle', 'two');
    await lives();
    expect(host.seen('unmounted')).toHaveLength(1);
    expect(host.seen('closeFile', '/readFile!late')).toHaveLength(1);
  });
});

describe('a listing without end', () => {
  it('is read as far as the client likes', async () => {
    const stream = await posix.opendir(at('findFiles!infinite'));
    const seen: string[] = [];
    while (seen.length < 5_000) {
      const entries = await posix.readdir(stream, 500);
      seen.push(...entries.map(({ name }) => name.toString()));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain('file-4000');
    await lives();
    await posix.closedir(stream);
    await host.event('listing closed', '/findFiles!infinite');
    await lives();
  });
});
