// A volume of any number of files that takes no memory for them: what it takes is node-dokan's.
// Directory /N has the files f0 to f(N-1); the file /size-N has N bytes.
// Usage: node --expose-gc node_dokan_numbered.mjs MOUNTPOINT
// Answers any message with the bytes in use on JavaScript's heap and beside it, and of the process.
import { DokanError, FileAttributes, mount, NtStatus } from '../../dist/index.js';

/** No directory has more files. */
const MOST = 2 ** 21;

const missing = new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
const time = BigInt(Date.now()) * 1_000_000n;

const describe = (isDirectory, inode, size) => ({
  attributes: isDirectory ? FileAttributes.DIRECTORY : FileAttributes.NORMAL,
  creationTime: time,
  lastAccessTime: time,
  lastWriteTime: time,
  size,
  inode,
});

function find(path) {
  if (path === '/') return describe(true, 2 ** 50, 0);
  if (path.startsWith('/size-')) return describe(false, 2 ** 50 + 1, Number(path.slice(6)));
  const slash = path.indexOf('/', 1);
  const count = Number(slash < 0 ? path.slice(1) : path.slice(1, slash));
  if (!(count > 0 && count < MOST)) throw missing;
  if (slash < 0) return describe(true, count * MOST + MOST - 1, 0);
  const number = Number(path.slice(slash + 2));
  if (path[slash + 1] !== 'f' || !(number < count)) throw missing;
  return describe(false, count * MOST + number, 4096);
}

const operations = {
  createFile(path, _request, file) {
    const info = find(path);
    file.isDirectory = info.attributes === FileAttributes.DIRECTORY;
    return 'opened';
  },
  getFileInformation: find,
  queryOpen: find,
  *findFiles(path) {
    const count = path === '/' ? 0 : Number(path.slice(1));
    for (let i = 0; i < count; i += 1) {
      yield { name: `f${i}`, ...describe(false, count * MOST + i, 4096) };
    }
  },
  readFile: (_path, buffer) => buffer.length,
};

const YEAR = 365 * 86_400_000;

process.on('message', () => {
  globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send({ heap: heapUsed + external, resident: rss });
});
// Only the volume keeps it alive.
process.channel.unref();

await mount(process.argv[2], operations, {
  // What the kernel knows it keeps, until it is told to drop it.
  entryTimeout: YEAR,
  attributeTimeout: YEAR,
  unmountOnSignal: true,
});
