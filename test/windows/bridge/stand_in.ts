// Mounts memfs through the bridge and the model of Dokan's library, all in this process:
// `node stand_in.ts POINT`. What fails here has nothing to do with Windows.
import { MemoryFileSystem } from '../../../examples/memfs/memfs.js';
import { Dispatcher } from '../../../lib/dispatcher.js';
import { LibraryBackend } from '../../../lib/hosts/loopback/library_backend.js';
import { resolveOptions } from '../../../lib/options.js';
import { serve } from './serve.js';

const [mountPoint = ''] = process.argv.slice(2);
const options = { altStreams: true, caseSensitive: true };
const operations = new MemoryFileSystem({ ...options, capacity: 2 ** 30, volumeLabel: 'memfs' });
const dispatcher = new Dispatcher(operations, {
  ...resolveOptions(options),
  onError: (error) => console.error(error),
});
const backend = new LibraryBackend(dispatcher, { allocationUnitSize: 4096, sectorSize: 512 });
await serve(
  backend,
  mountPoint,
  { ...options, keepCache: true, negativeTimeout: 1_000 },
  new Promise(() => {}),
);
