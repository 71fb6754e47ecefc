// Mounts mirrorfs, served by several threads.
// Usage: node threads.mjs ROOT MOUNTPOINT
import { mount } from 'node-dokan';

// A thread cannot set it, and mirrorfs is to make files with exactly the mode that was asked for.
process.umask(0);

const [root = '', mountPoint = ''] = process.argv.slice(2);
const volume = await mount(mountPoint, new URL('./mirror_module.mjs', import.meta.url), {
  threads: 2,
  altStreams: true,
  allowOther: true,
  unmountOnSignal: true,
  data: {
    root,
    options: { altStreams: true, readOnly: false, caseSensitive: true, passthrough: false },
  },
});
volume.on('error', (error) => console.error(error));
console.log(`mounted ${volume.mountPoint}`);
await volume.closed;
