// Shows a directory, whose files the library reads and writes, not the kernel: arguments are the
// directory and the mount point.
import { mount } from 'node-dokan';
import { MirrorFileSystem } from '../../../dist/examples/mirrorfs/mirror_file_system.js';

const [root, mountPoint] = process.argv.slice(2);
const fileSystem = new MirrorFileSystem(root);
const volume = await mount(mountPoint, fileSystem, {
  passthrough: false,
  altStreams: true,
  unmountOnSignal: true,
});
console.log(`mounted ${volume.mountPoint}`);
await volume.closed;
fileSystem.dispose();
