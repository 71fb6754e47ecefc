// A volume on Linux with one file, whose data does not come while another file is there:
// slow_file.mjs MOUNT_POINT HOLD
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { DokanError, mount, NtStatus } from 'node-dokan';

const [mountPoint, hold] = process.argv.slice(2);
const data = Buffer.from('slow data');

function describe(path) {
  if (path === '/') return { attributes: 0x10 };
  if (path === '/file') return { size: data.length };
  throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
}

await mount(
  mountPoint,
  {
    createFile: (path, _request, file) => {
      file.isDirectory = describe(path).attributes !== undefined;
    },
    queryOpen: describe,
    getFileInformation: describe,
    readFile: async (_path, buffer, offset) => {
      while (existsSync(hold)) await delay(20);
      return data.copy(buffer, 0, offset);
    },
  },
  { unmountOnSignal: true, directIo: true },
);
console.log('mounted');
