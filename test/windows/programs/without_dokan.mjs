// What a program sees of the package on a Windows without Dokan, as JSON into the file it is given.
import { writeFileSync } from 'node:fs';
import { dokanVersions, listMounts, mount, unmount } from 'node-dokan';

async function outcome(work) {
  try {
    return { value: await work() };
  } catch ({ name, code, message, cure }) {
    return { name, code, message, cure };
  }
}

const seen = {
  mount: await outcome(() => mount('M:', {})),
  folder: await outcome(() => mount('mnt', {})),
  unmount: await outcome(() => unmount('M:')),
  listMounts: await outcome(() => listMounts()),
  versions: await outcome(() => dokanVersions()),
};
writeFileSync(process.argv[2], JSON.stringify(seen));
