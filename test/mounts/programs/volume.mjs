// Mounts a volume: `node volume.mjs POINT BEHAVIOUR OPTIONS`. It ends as a test tells it: SIGTERM unmounts.
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import { DokanError, FileAttributes, mount, NtStatus } from 'node-dokan';

const [point, behaviour = 'ordinary', options = '{}'] = process.argv.slice(2);

const say = (line) => writeSync(1, `${line}\n`);

const forEver = () => {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
};

const ANSWERS = {
  ordinary: () => ({ freeBytesAvailable: 1, totalBytes: 3, totalFreeBytes: 2 }),
  /** The request has been read, and the thread does nothing any more. */
  stuck: () => {
    say('asked');
    forEver();
  },
  /** The same, and the thread lives. */
  never: () => {
    say('asked');
    return new Promise(() => {});
  },
  failing: () => {
    throw Object.assign(new Error('a failure'), { code: 'EIO' });
  },
};

class NotesFileSystem {
  createFile(path, _request, file) {
    file.isDirectory = path === '/';
    if (!file.isDirectory && (behaviour !== 'file' || path !== '/file')) {
      throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    }
    return 'opened';
  }

  getFileInformation(_path, file) {
    return file.isDirectory ? { attributes: FileAttributes.DIRECTORY } : { size: 0 };
  }

  getDiskFreeSpace() {
    return (ANSWERS[behaviour] ?? ANSWERS.ordinary)();
  }
}

const volume = await mount(point, new NotesFileSystem(), {
  operationTimeout: Infinity,
  ...JSON.parse(options),
});
process.on('SIGTERM', () => void volume.unmount({ force: true }));
process.on('warning', ({ code }) => say(`warning ${code}`));
if (behaviour === 'throws') {
  process.on('SIGUSR2', () => {
    throw new Error('nobody catches this');
  });
}
if (behaviour === 'exits') process.on('SIGUSR2', () => process.exit(3));
say(`mounted ${point}`);
if (behaviour === 'loop') setImmediate(forEver);
