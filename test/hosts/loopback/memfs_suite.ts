import {
  CreateDisposition,
  CreateOptions,
  FileAccess,
  FileAttributes,
  FileSystemFlags,
  SecurityInformation,
  ShareAccess,
  type MountOptions,
} from 'node-dokan';
import type { DriverClient } from 'node-dokan/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { MemoryFileSystemOptions } from '../../../examples/memfs/memfs.js';
import { outcome } from './scripted_backend.js';

const { CREATE, OVERWRITE_IF, SUPERSEDE } = CreateDisposition;

/** memfs, served somewhere, and the driver model above it. */
export interface ServedMemfs {
  readonly client: DriverClient;
  /** The callbacks since it was asked last. */
  journal(): string[] | Promise<string[]>;
  /** Opens without a closeFile. */
  openCount(): number | Promise<number>;
  /** @returns how the volume ended; more than once is once */
  unmount(): Promise<string>;
}

/**
 * What memfs does for the Dokan driver, wherever it runs.
 * @param serve - mounts it; `settings` are memfs' own
 */
export function describeMemfs(
  title: string,
  serve: (options: MountOptions, settings: MemoryFileSystemOptions) => Promise<ServedMemfs>,
): void {
  let memfs: ServedMemfs;
  let client: DriverClient;

  async function start(
    options: MountOptions = {},
    settings: MemoryFileSystemOptions = {},
  ): Promise<void> {
    memfs = await serve(
      { caseSensitive: false, altStreams: true, ...options },
      { caseSensitive: false, pagingWritesExtend: false, capacity: 2 ** 24, ...settings },
    );
    client = memfs.client;
    await memfs.journal();
  }

  describe(title, () => {
    afterEach(async () => {
      await memfs.unmount();
      expect(await memfs.openCount()).toBe(0);
    });

    it('keeps files', async () => {
      await start();
      await client.writeFile('/a.txt', 'hello');
      expect(await client.readFile('/A.TXT')).toEqual(Buffer.from('hello'));
      expect(await client.stat('/a.txt')).toMatchObject({
        size: 5,
        allocationSize: 4096,
        isDirectory: false,
        linkCount: 1,
      });
      await client.writeFile('/a.txt', 'x');
      expect((await client.stat('/a.txt')).size).toBe(1);
      expect(await outcome(client.readFile('/b.txt'))).toBe('OBJECT_NAME_NOT_FOUND');
      expect(client.openFiles).toEqual([]);
    });

    it('moves large contents in several transfers', async () => {
      await start();
      const data = Buffer.alloc(300_000, 'node-dokan ');
      await client.writeFile('/big', data);
      expect((await client.readFile('/big')).equals(data)).toBe(true);
    });

    it('keeps directories', async () => {
      await start();
      await client.mkdir('/d');
      await client.writeFile('/d/one.txt', '1');
      await client.writeFile('/d/two.md', '2');
      expect(await client.readdir('/d')).toEqual(['one.txt', 'two.md']);
      expect(await client.readdir('/d', '*.TXT')).toEqual(['one.txt']);
      expect(await client.readdir('/d', '*.c')).toEqual([]);
      expect(await outcome(client.mkdir('/d'))).toBe('OBJECT_NAME_COLLISION');
      expect(await outcome(client.unlink('/d'))).toBe('DIRECTORY_NOT_EMPTY');
      await client.unlink('/d/one.txt');
      await client.rename('/d/two.md', '/three.md');
      await client.unlink('/d');
      expect(await client.readdir('/')).toEqual(['three.md']);
      expect(await client.list('/')).toMatchObject([{ name: 'three.md', size: 1 }]);
    });

    it('lists . and .. as Dokan does: not in the root, not with a pattern', async () => {
      await start();
      await client.mkdir('/d');
      const names = async (path: string, pattern?: string) => {
        await using directory = await client.create(path, { access: FileAccess.GENERIC_READ });
        return (await directory.list(pattern)).map(({ name }) => name);
      };
      expect(await names('/d')).toEqual(['.', '..']);
      expect(await names('/d', '*')).toEqual(['.', '..']);
      expect(await outcome(names('/d', 'x*'))).toBe('NO_SUCH_FILE');
      expect(await names('/')).toEqual(['d']);
    });

    it('reports what a create did', async () => {
      await start();
      const result = async (
        disposition: typeof CREATE | typeof OVERWRITE_IF | typeof SUPERSEDE,
      ) => {
        await using file = await client.create('/f', { disposition });
        return file.createResult;
      };
      expect(await result(OVERWRITE_IF)).toBe('created');
      expect(await result(OVERWRITE_IF)).toBe('overwritten');
      expect(await result(SUPERSEDE)).toBe('superseded');
      expect(await outcome(result(CREATE))).toBe('OBJECT_NAME_COLLISION');
    });

    it("calls back in Dokan's order", async () => {
      await start();
      await client.writeFile('/f', 'x');
      expect(await memfs.journal()).toEqual([
        'createFile /f',
        'writeFile /f',
        'cleanup /f',
        'closeFile /f',
      ]);
      await client.unlink('/f');
      expect(await memfs.journal()).toEqual([
        'createFile /f',
        'getFileInformation /f',
        'deleteFile /f delete',
        'cleanup /f delete',
        'closeFile /f',
      ]);
    });

    it('deletes with the last handle, also on close', async () => {
      await start();
      await client.writeFile('/f', 'x');
      const one = await client.create('/f', { options: CreateOptions.DELETE_ON_CLOSE });
      const two = await client.create('/f');
      await one.close();
      expect(await two.read(1)).toEqual(Buffer.from('x'));
      expect(await memfs.journal()).not.toContain('cleanup /f delete');
      expect(await outcome(client.create('/f'))).toBe('DELETE_PENDING');
      await two.close();
      expect(await memfs.journal()).toContain('cleanup /f delete');
      expect(await outcome(client.stat('/f'))).toBe('OBJECT_NAME_NOT_FOUND');
    });

    it('deletes nothing read-only', async () => {
      await start();
      await client.writeFile('/f', 'x');
      const file = await client.create('/f', {
        access: FileAccess.DELETE | FileAccess.WRITE_ATTRIBUTES | FileAccess.READ_ATTRIBUTES,
      });
      await file.setAttributes(FileAttributes.READONLY);
      await memfs.journal();
      expect(await outcome(file.delete())).toBe('CANNOT_DELETE');
      // The library has looked itself: nobody was asked.
      expect(await memfs.journal()).toEqual(['getFileInformation /f']);
      await file.close();
    });

    it('renames as the I/O manager does', async () => {
      await start();
      await client.writeFile('/f', 'f');
      await client.writeFile('/g', 'g');
      await memfs.journal();
      await client.rename('/f', '/h');
      expect(await memfs.journal()).toEqual([
        'createFile /f',
        'createFile /h',
        'createFile /',
        'moveFile /f',
        'cleanup /',
        'closeFile /',
        'cleanup /h',
        'closeFile /h',
      ]);
      expect(await outcome(client.rename('/h', '/g'))).toBe('OBJECT_NAME_COLLISION');
      await client.rename('/h', '/g', { replace: true });
      expect(await client.readFile('/g')).toEqual(Buffer.from('f'));
      expect(await outcome(client.rename('/g', '/nowhere/g'))).toMatch(/_NOT_FOUND$/);
    });

    it('keeps times to 100 ns, and attributes', async () => {
      await start();
      await client.writeFile('/f', '');
      await using file = await client.create('/f', { access: FileAccess.MAXIMUM_ALLOWED });
      const creationTime = 1_234_567_890_123_456_789n;
      await file.setTimes({ creationTime, lastWriteTime: new Date(1_000) });
      await file.setAttributes(FileAttributes.HIDDEN);
      const stat = await file.stat();
      expect(stat.creationTime).toBe(1_234_567_890_123_456_700n);
      expect(stat.lastWriteTime).toBe(1_000_000_000n);
      expect(stat.attributes & FileAttributes.HIDDEN).not.toBe(0);
    });

    it('sets sizes', async () => {
      await start();
      await client.writeFile('/f', 'hello');
      await using file = await client.create('/f');
      await file.setEndOfFile(2);
      expect((await file.stat()).size).toBe(2);
      await file.setAllocationSize(10_000);
      expect((await file.stat()).size).toBe(2);
      await file.setValidDataLength(7);
      expect((await file.stat()).size).toBe(7);
      await file.write('!', 'end');
      expect(await file.read(100)).toEqual(Buffer.from('he\0\0\0\0\0!'));
      expect(await outcome(file.read(1, 8))).toBe('END_OF_FILE');
    });

    it('does not grow by paging writes', async () => {
      await start();
      await client.writeFile('/f', 'hello');
      const file = await client.create('/f');
      const section = await file.map({ writable: true });
      await file.close();
      await section.write(Buffer.from('J'));
      await memfs.journal();
      await section.close();
      await file.closed;
      expect(await memfs.journal()).toEqual(['writeFile /f paging', 'closeFile /f']);
      expect(await client.readFile('/f')).toEqual(Buffer.from('Jello'));
    });

    it('shows a file system that does grow by them', async () => {
      await start({}, { pagingWritesExtend: true });
      await client.writeFile('/f', 'hello');
      await using file = await client.create('/f');
      const section = await file.map({ writable: true });
      await section.write(Buffer.from('J'));
      await section.close();
      expect((await file.stat()).size).toBe(4096);
    });

    it('asks for locks with userModeLock only', async () => {
      await start({ userModeLock: true });
      await client.writeFile('/f', 'x');
      const one = await client.create('/f');
      const two = await client.create('/f');
      await memfs.journal();
      await one.lock(0, 10);
      expect(await outcome(two.lock(5, 1))).toBe('LOCK_NOT_GRANTED');
      expect(await outcome(two.unlock(5, 1))).toBe('SUCCESS');
      await one.unlock(0, 10);
      expect(await outcome(two.lock(5, 1))).toBe('SUCCESS');
      expect((await memfs.journal()).filter((line) => line.startsWith('lockFile'))).toHaveLength(3);
      await one.close();
      await two.close();
    });

    it('has streams', async () => {
      await start();
      await client.writeFile('/f', 'x');
      await client.writeFile('/f:notes', 'yy');
      await using file = await client.create('/f', { access: FileAccess.READ_ATTRIBUTES });
      expect(await file.streams()).toEqual([
        { name: '::$DATA', size: 1 },
        { name: ':notes:$DATA', size: 2 },
      ]);
      expect(await client.readFile('/f:notes')).toEqual(Buffer.from('yy'));
    });

    it('has security descriptors', async () => {
      await start();
      await client.writeFile('/f', 'x');
      await using file = await client.create('/f', { access: FileAccess.MAXIMUM_ALLOWED });
      const { OWNER, GROUP, DACL } = SecurityInformation;
      const descriptor = await file.security(OWNER | GROUP | DACL);
      expect(descriptor[0]).toBe(1);
      expect(await outcome(file.security(DACL, 10))).toBe('BUFFER_OVERFLOW');
      await file.setSecurity(DACL, descriptor);
      expect(await outcome(file.setSecurity(DACL, Buffer.from('nonsense')))).toBe(
        'INVALID_PARAMETER',
      );
    });

    it('speaks for the volume', async () => {
      await start({ volumeLabel: 'test', allocationUnitSize: 8192 }, { capacity: 100_000 });
      expect(await client.volumeInformation()).toMatchObject({
        volumeName: 'test',
        fileSystemName: 'NTFS',
      });
      const space = await client.diskSpace();
      expect(space.totalBytes).toBe(98_304);
      expect(space.totalFreeBytes % 8192).toBe(0);
    });

    it('is read-only with writeProtect', async () => {
      await start({ writeProtect: true });
      expect(await outcome(client.writeFile('/f', 'x'))).toBe('MEDIA_WRITE_PROTECTED');
      const { fileSystemFlags } = await client.volumeInformation();
      expect(fileSystemFlags & FileSystemFlags.READ_ONLY_VOLUME).not.toBe(0);
    });

    it('is kept from what others have open', async () => {
      await start();
      await client.writeFile('/f', 'x');
      const reader = await client.create('/f', { share: ShareAccess.READ });
      await memfs.journal();
      expect(await outcome(client.writeFile('/f', 'y'))).toBe('SHARING_VIOLATION');
      expect(await memfs.journal()).toEqual([]);
      await reader.close();
    });

    it('gets back what is open when it is unmounted', async () => {
      await start();
      await client.writeFile('/f', 'x');
      const file = await client.create('/f');
      await memfs.journal();
      expect(await memfs.unmount()).toBe('unmounted');
      expect(await memfs.journal()).toEqual(['cleanup /f', 'closeFile /f']);
      expect(await outcome(file.read(1))).toBe('NO_SUCH_DEVICE');
    });
  });
}
