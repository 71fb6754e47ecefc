import { describe, expect, it } from 'vitest';
import type * as Handles from '../../../../lib/hosts/fuse/threads/worker_handle.js';
import { resolveOptions } from '../../../../lib/options.js';
import { NtStatus } from '../../../../lib/status.js';

// The built one: what a Worker runs must be JavaScript.
const built = new URL('../../../../dist/hosts/fuse/threads/worker_handle.js', import.meta.url);
const { WorkerHandle } = (await import(built.href)) as typeof Handles;

const module = new URL('./told.mjs', import.meta.url).href;

describe('a serving thread', () => {
  it('is told once that the volume is mounted, however often it could be', async () => {
    const told = new SharedArrayBuffer(4);
    const options = resolveOptions({ threads: 2 });
    const died: unknown[] = [];
    const thread = new WorkerHandle(
      {
        module,
        threadIndex: 0,
        options: { ...options, data: told },
        threadIds: new SharedArrayBuffer(8),
        time: 0,
      },
      {
        ended: () => undefined,
        failed: (error) => died.push(error),
        ownUse: () => undefined,
        notify: () => undefined,
        died: (_thread, failure) => died.push(failure),
      },
    );
    // The volume is mounted while a thread that replaces another one loads its module.
    thread.tellMounted('/a');
    await thread.loaded;
    thread.tellMounted('/a');
    await thread.toldMounted;
    await thread.shutdown(NtStatus.DEVICE_REMOVED);
    await thread.gone;
    expect(died).toEqual([]);
    expect(new Int32Array(told)[0]).toBe(1);
  });
});
