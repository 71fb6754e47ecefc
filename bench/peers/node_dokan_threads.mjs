// A directory with one file, served by several threads.
// Usage: node node_dokan_threads.mjs THREADS MOUNTPOINT
import { mount } from '../../dist/index.js';

const [threads, mountPoint] = process.argv.slice(2);
await mount(mountPoint, new URL('./one_file.mjs', import.meta.url), {
  threads: Number(threads),
  stateless: true,
  entryTimeout: 0,
  attributeTimeout: 0,
  defaultPermissions: false,
  unmountOnSignal: true,
});
