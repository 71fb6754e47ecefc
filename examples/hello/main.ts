// A whole file system: one read-only directory with one file.
import { DokanError, FileAttributes, mount, NtStatus, type DokanOperations } from 'node-dokan';

const files = new Map([['/hello.txt', Buffer.from('Hello from TypeScript\n')]]);

const operations: DokanOperations<Buffer | undefined> = {
  createFile(path, _request, file) {
    file.isDirectory = path === '/';
    file.context = files.get(path);
    if (!file.isDirectory && !file.context) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    return 'opened';
  },
  getFileInformation(_path, file) {
    return file.isDirectory
      ? { attributes: FileAttributes.DIRECTORY }
      : { size: file.context?.length };
  },
  readFile(_path, buffer, offset, file) {
    return file.context?.copy(buffer, 0, offset) ?? 0;
  },
  *findFiles() {
    for (const [path, data] of files) yield { name: path.slice(1), size: data.length };
  },
};

const mountPoint = process.argv[2] ?? (process.platform === 'win32' ? 'M:' : './mnt');
const volume = await mount(mountPoint, operations, { writeProtect: true, unmountOnSignal: true });
console.log(`mounted ${volume.mountPoint}`);
await volume.closed;
