import { describe, expect, it } from 'vitest';
import { sessionOptions } from '../../../lib/hosts/fuse/session_options.js';
import { resolveOptions, type MountOptions } from '../../../lib/options.js';
import { ScriptedTarget } from './harness.js';

describe('how long a listing may be served', () => {
  const cases: [options: MountOptions, milliseconds: number][] = [
    [{}, 1_000],
    [{ entryTimeout: 500 }, 500],
    // Asking for the attributes of each file would cost more than the listing they come with.
    [{ entryTimeout: 5_000, attributeTimeout: 200 }, 200],
    // They are asked for anyway.
    [{ entryTimeout: 5_000, attributeTimeout: 0 }, 5_000],
    [{ entryTimeout: 0 }, 0],
    [{ cacheListings: false }, 0],
    [{ threads: 2 }, 0],
  ];
  it.each(cases)('%o: %d ms', (options, milliseconds) => {
    const { target } = new ScriptedTarget();
    const { listingTimeout } = sessionOptions(target, resolveOptions(options), 0);
    expect(listingTimeout).toBe(milliseconds);
  });
});
