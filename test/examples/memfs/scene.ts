import { beforeEach } from 'vitest';
import { MemoryFileSystem } from '../../../examples/memfs/memfs.js';
import { Client } from './fake_open.js';

/** A file system, new for each test, and a client of it. */
export let fs: MemoryFileSystem;
export let client: Client;

export function start(options: ConstructorParameters<typeof MemoryFileSystem>[0] = {}): void {
  fs = new MemoryFileSystem({ caseSensitive: true, ...options });
  client = new Client(fs);
}

beforeEach(() => start());
