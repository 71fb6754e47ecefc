import { FileAccess, ShareAccess } from 'node-dokan';
import { loopback } from 'node-dokan/testing';
import { expect, it } from 'vitest';
import { MemoryFileSystem } from '../../../examples/memfs/memfs.js';

it('keeps what was written, and the file until its last handle is closed', async () => {
  await using client = await loopback(new MemoryFileSystem(), { altStreams: true });

  await client.mkdir('/notes');
  await client.writeFile('/notes/today.md', 'Buy milk.');
  expect(await client.readdir('/notes', '*.md')).toEqual(['today.md']);

  const reader = await client.create('/notes/today.md', {
    access: FileAccess.GENERIC_READ,
    share: ShareAccess.READ | ShareAccess.DELETE,
  });
  await expect(client.writeFile('/notes/today.md', '')).rejects.toThrow('SHARING_VIOLATION');

  await client.unlink('/notes/today.md');
  await expect(client.stat('/notes/today.md')).rejects.toThrow('DELETE_PENDING');
  expect(await reader.read(100)).toEqual(Buffer.from('Buy milk.'));

  await reader.close();
  await expect(client.stat('/notes/today.md')).rejects.toThrow('OBJECT_NAME_NOT_FOUND');
});
