// A file system module: a directory with one file, the same in every thread that serves it.
import { DokanError, FileAttributes, NtStatus } from '../../dist/index.js';

const missing = new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
const time = BigInt(Date.now()) * 1_000_000n;
const times = { creationTime: time, lastAccessTime: time, lastWriteTime: time };
const root = { attributes: FileAttributes.DIRECTORY, inode: 1, ...times };
const data = { attributes: FileAttributes.NORMAL, inode: 2, size: 16 * 2 ** 20, ...times };

function find(path) {
  if (path === '/') return root;
  if (path === '/data') return data;
  throw missing;
}

export default {
  createFile(path, _request, file) {
    file.isDirectory = find(path) === root;
    return 'opened';
  },
  getFileInformation: find,
  queryOpen: find,
};
