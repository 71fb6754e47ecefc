import { loopback } from 'node-dokan/testing';
import { MemoryFileSystem } from '../../../examples/memfs/memfs.js';
import { CallbackJournal } from './callback_journal.mjs';
import { describeMemfs } from './memfs_suite.js';

describeMemfs('memfs through the model', async (options, settings) => {
  const journal = new CallbackJournal();
  const client = await loopback(journal.watch(new MemoryFileSystem(settings)), options);
  return {
    client,
    journal: () => journal.take(),
    openCount: () => journal.openCount,
    unmount: async () => {
      await client.unmount();
      return (await client.volume.closed).reason;
    },
  };
});
