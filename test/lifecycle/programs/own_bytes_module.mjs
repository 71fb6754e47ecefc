// A file system module whose reads are answered with memory of its own. A file's name says how.
import { setImmediate } from 'node:timers';
import { FileAttributes } from '../../../dist/index.js';

const SIZE = 1 << 20;

/** Byte `n` of every file is what test/lifecycle/own_bytes.test.ts expects. */
const content = Buffer.allocUnsafeSlow(SIZE + 100);
for (let index = 0; index < content.length; index += 1) content[index] = index % 251;
const shared = Buffer.from(new SharedArrayBuffer(content.length));
content.copy(shared);

/** What is found there when an answer is sent as soon as it must be. Later it is SPOILED. */
const fresh = Buffer.allocUnsafeSlow(SIZE);
const SPOILED = 255;
let reads = 0;
const refresh = () => fresh.fill((reads += 1) % SPOILED);
const spoil = () => void fresh.fill(SPOILED);

const part = (from, offset, length) => from.subarray(offset, offset + length);

const READS = {
  'at-once': (offset, length) => part(content, offset, length),
  later: (offset, length) =>
    new Promise((resolve) => setImmediate(() => resolve(part(content, offset, length)))),
  settled: async (offset, length) => part(content, offset, length),
  shared: (offset, length) => part(shared, offset, length),
  none: () => new Uint8Array(0),
  'too-long': (_offset, length) => content.subarray(0, length + 1),
  words: () => new Uint16Array(2),
  taken: () => {
    const bytes = new Uint8Array(100_000);
    globalThis.structuredClone(bytes, { transfer: [bytes.buffer] });
    return bytes;
  },
  'taken-later': async () => {
    const bytes = new Uint8Array(100_000);
    // Settled by then, and not taken up yet.
    globalThis.queueMicrotask(() =>
      globalThis.structuredClone(bytes, { transfer: [bytes.buffer] }),
    );
    return bytes;
  },
  fresh: (offset, length) => {
    globalThis.queueMicrotask(spoil);
    return part(refresh(), offset, length);
  },
  'fresh-later': async (offset, length) => {
    setImmediate(spoil);
    return part(refresh(), offset, length);
  },
};

export default () => ({
  createFile(path, _request, file) {
    file.isDirectory = path === '/';
  },
  getFileInformation: (path, file) =>
    file.isDirectory
      ? { attributes: FileAttributes.DIRECTORY }
      : { size: path.startsWith('/fresh') ? SIZE : content.length },
  readFile: (path, buffer, offset) => READS[path.slice(1)](offset, buffer.length),
  writeFile(_path, data) {
    spoil();
    return data.length;
  },
});
