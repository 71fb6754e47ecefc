import {
  CallbackError,
  DokanError,
  FileAttributes,
  NtStatus,
  OptionError,
  type DokanOperations,
  type MountOptions,
} from 'node-dokan';
import { loopback } from 'node-dokan/testing';
import { describe, expect, it } from 'vitest';
import { outcome } from './scripted_backend.js';

const broken: DokanOperations = {
  createFile: () => undefined,
  readFile: () => {
    throw new TypeError('oops');
  },
};

async function readOnce(client: Awaited<ReturnType<typeof loopback>>): Promise<string> {
  const file = await client.create('/f');
  const result = await outcome(file.read(1));
  await file.close();
  return result;
}

describe('loopback', () => {
  it('refuses what mount refuses', async () => {
    const options = [
      { writeprotect: true },
      { userModeLock: 'yes' },
      { network: true, mountManager: true },
    ];
    for (const wrong of options) {
      await expect(loopback({}, wrong as MountOptions)).rejects.toThrow(OptionError);
    }
    await expect(loopback(undefined as unknown as DokanOperations)).rejects.toThrow(
      "Expected an object with callbacks for option 'operations' but was given undefined",
    );
  });

  it('calls mounted and unmounted', async () => {
    const calls: string[] = [];
    const client = await loopback({
      mounted: (mountPoint) => void calls.push(`mounted ${mountPoint}`),
      unmounted: () => void calls.push('unmounted'),
    });
    expect(client.volume.mountPoint).toBe('loopback');
    await client.unmount();
    await client.unmount();
    expect(calls).toEqual(['mounted loopback', 'unmounted']);
  });

  it('calls methods of a class instance on it', async () => {
    class Files implements DokanOperations {
      readonly #seen: string[] = [];
      createFile(path: string): void {
        this.#seen.push(path);
      }
      seen(): string[] {
        return this.#seen;
      }
    }
    const files = new Files();
    await using client = await loopback(files);
    await client.create('/f');
    expect(files.seen()).toEqual(['/f']);
  });

  it('needs no more than a few callbacks', async () => {
    // As examples/hello.
    const files = new Map([['/hello.txt', Buffer.from('Hello from TypeScript\n')]]);
    const operations: DokanOperations<Buffer | undefined> = {
      createFile(path, _request, file) {
        file.isDirectory = path === '/';
        file.context = files.get(path);
        if (!file.isDirectory && !file.context) {
          throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
        }
        return 'opened';
      },
      getFileInformation: (_path, file) =>
        file.isDirectory
          ? { attributes: FileAttributes.DIRECTORY }
          : { size: file.context?.length },
      readFile: (_path, buffer, offset, file) => file.context?.copy(buffer, 0, offset) ?? 0,
      *findFiles() {
        for (const [path, data] of files) yield { name: path.slice(1), size: data.length };
      },
    };
    await using client = await loopback(operations, { writeProtect: true });
    expect(await client.readdir('/')).toEqual(['hello.txt']);
    expect(String(await client.readFile('/hello.txt'))).toBe('Hello from TypeScript\n');
    expect((await client.stat('/')).isDirectory).toBe(true);
    expect(await outcome(client.stat('/bye.txt'))).toBe('OBJECT_NAME_NOT_FOUND');
    expect(await outcome(client.writeFile('/bye.txt', ''))).toBe('MEDIA_WRITE_PROTECTED');
  });

  it('takes bytes in memory of the file system before anything else runs', async () => {
    const content = Buffer.from('some bytes');
    const client = await loopback({
      createFile: () => undefined,
      readFile: (_path, buffer, offset) => {
        content.write('some bytes');
        void Promise.resolve().then(() => content.fill(0));
        return content.subarray(offset, offset + buffer.length);
      },
    });
    const file = await client.create('/f');
    expect((await file.read(100)).toString()).toBe('some bytes');
    expect((await file.read(100, 5)).toString()).toBe('bytes');
    expect(await outcome(file.read(100, 10))).toBe('END_OF_FILE');
    await file.close();
    await client.unmount();
  });

  it('fails a read of bytes that were taken away before they were taken up', async () => {
    const client = await loopback({
      createFile: () => undefined,
      readFile: () => {
        const content = new Uint8Array(1);
        const answer = Promise.resolve(content);
        void answer
          .then(() => 0)
          .then(() => structuredClone(content, { transfer: [content.buffer] }));
        return answer;
      },
    });
    const file = await client.create('/f');
    expect(await outcome(file.read(1))).toBe('INTERNAL_ERROR');
    await file.close();
    await client.unmount();
  });

  it('waits for promises', async () => {
    await using client = await loopback({
      createFile: () => Promise.resolve(undefined),
      readFile: async (_, buffer) => {
        await new Promise(setImmediate);
        return buffer.fill('a').length;
      },
    });
    const file = await client.create('/f');
    expect(await file.read(3)).toEqual(Buffer.from('aaa'));
    await file.close();
  });
});

describe('programming errors of callbacks', () => {
  it('fail the request, and the test that nobody told of them', async () => {
    const client = await loopback(broken);
    expect(await readOnce(client)).toBe('INTERNAL_ERROR');
    const failure: unknown = await client.unmount().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AggregateError);
    const { errors, message } = failure as AggregateError;
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(CallbackError);
    expect(message).toContain("readFile failed for '/f'");
    // Told once.
    await client.unmount();
  });

  it('fail `await using` too', async () => {
    const test = async (): Promise<void> => {
      await using client = await loopback(broken);
      await readOnce(client);
    };
    await expect(test()).rejects.toThrow(AggregateError);
  });

  it('count also when they happen at the very end', async () => {
    const client = await loopback({
      unmounted: () => {
        throw new RangeError('late');
      },
    });
    await expect(client.unmount()).rejects.toThrow('late');
  });

  it('can be taken by a test that expects them', async () => {
    await using client = await loopback(broken);
    await readOnce(client);
    expect(client.takeErrors()).toMatchObject([{ callback: 'readFile', path: '/f' }]);
  });

  it('go to whoever listens', async () => {
    await using client = await loopback(broken);
    const heard: Error[] = [];
    client.volume.on('error', (error) => heard.push(error));
    await readOnce(client);
    expect(heard).toHaveLength(1);
  });

  it('are not what a file system answers with', async () => {
    await using client = await loopback({
      createFile: () => {
        throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
      },
    });
    expect(await outcome(client.stat('/f'))).toBe('OBJECT_NAME_NOT_FOUND');
  });
});

describe('requests that take too long', () => {
  const never: DokanOperations = {
    createFile: () => undefined,
    readFile: (_path, _buffer, _offset, file) =>
      new Promise((resolve) => {
        file.signal.addEventListener('abort', () => resolve(0));
      }),
  };

  it('fail with IO_TIMEOUT after operationTimeout', async () => {
    await using client = await loopback(never, { operationTimeout: 20 });
    expect(await readOnce(client)).toBe('IO_TIMEOUT');
  });

  it('fail as with the driver when that gives them up first, and see their signal', async () => {
    await using client = await loopback(never, {}, { requestTimeout: 20 });
    expect(await readOnce(client)).toBe('INSUFFICIENT_RESOURCES');
  });

  it('do not keep a volume from its unmounting', async () => {
    const client = await loopback(never);
    const file = await client.create('/f');
    const reading = outcome(file.read(1));
    await client.unmount();
    expect(await reading).toBe('CANCELLED');
    expect(await client.volume.closed).toEqual({ reason: 'forced' });
  });
});

describe('notifications', () => {
  it('are kept for the test to look at', async () => {
    const client = await loopback({});
    const { notify } = client.volume;
    expect(notify.created('/a', false)).toBe(true);
    notify.updated('/a');
    notify.renamed('/a', '/b', false);
    notify.deleted('/b', false);
    expect(client.notifications).toEqual([
      { change: 'created', path: '/a', isDirectory: false },
      { change: 'updated', path: '/a' },
      { change: 'renamed', path: '/a', newPath: '/b', isDirectory: false },
      { change: 'deleted', path: '/b', isDirectory: false },
    ]);
    await client.unmount();
    expect(notify.updated('/a')).toBe(false);
  });
});
