// The memfs example, mounted without caching of names and attributes, as all others are here.
// Usage: node node_dokan_memory.mjs MOUNTPOINT [options as JSON]
import { mount } from '../../dist/index.js';
import { MemoryFileSystem } from '../../dist/examples/memfs/memfs.js';

const [mountPoint, options = '{}'] = process.argv.slice(2);
await mount(mountPoint, new MemoryFileSystem(), {
  entryTimeout: 0,
  attributeTimeout: 0,
  // The kernel would ask for the directory's mode each time, having forgotten it. No other peer lets it.
  defaultPermissions: false,
  unmountOnSignal: true,
  ...JSON.parse(options),
});
console.log('mounted');
