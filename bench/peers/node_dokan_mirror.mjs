// mirrorfs as it is without privileges: threads of the library read and write its files, where with
// them the kernel does.
// Usage: node node_dokan_mirror.mjs DIRECTORY MOUNTPOINT
import { mount } from '../../dist/index.js';
import { MirrorFileSystem } from '../../dist/examples/mirrorfs/mirror_file_system.js';

const [directory, mountPoint] = process.argv.slice(2);
process.umask(0);
await mount(mountPoint, new MirrorFileSystem(directory, {}), {
  altStreams: true,
  passthrough: false,
  unmountOnSignal: true,
});
console.log('mounted');
