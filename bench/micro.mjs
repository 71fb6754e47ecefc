import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Mounted, compile, memoryPeers, pinned } from './peers.mjs';

/** Single operations on a volume in memory, asked by a client in C. */

const execute = promisify(execFile);

/** Rows of client.c, what they are, and by how many threads. */
export const ROWS = [
  ['lookup', 'look up a missing name'],
  ['stat', 'stat'],
  ['open', 'open and close'],
  ['read4k', 'read 4 KiB, direct'],
  ['read1m', 'read 1 MiB, direct'],
  ['write4k', 'write 4 KiB, direct'],
  ['write1m', 'write 1 MiB, direct'],
  ['readdir', 'list 10,000 names'],
  ['readdirstat', 'list 10,000 entries with attributes'],
  ['create', 'create and unlink'],
].flatMap(([row, title]) => [1, 4].map((threads) => ({ row, title, threads })));

/**
 * @param options - rounds, milliseconds a row and a round take, and a pattern for rows
 * @returns by row and peer, the median and p99 latency of each round in nanoseconds
 */
export async function measureMicro({ rounds, milliseconds, only }) {
  const client = compile('client');
  if (client === undefined) throw new Error('a C compiler is needed (apt-get install gcc)');
  const free = memoryPeers();
  const peers = [...free, ...free.map(pinned)];
  const rows = ROWS.filter(({ row }) => only.test(row));
  const results = rows.map((row) => ({ ...row, peers: {} }));
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      const mounted = await Mounted.start(peer);
      try {
        await execute(client, [mounted.directory, 'prepare']);
        for (const result of results) {
          // On one core the threads of the client would only wait for each other.
          if (peer.isPinned && result.threads > 1) continue;
          const ask = [client, mounted.directory, result.row, result.threads, milliseconds].map(
            String,
          );
          const [program, ...args] = peer.isPinned ? ['taskset', '-c', '0', ...ask] : ask;
          const { stdout } = await execute(program, args);
          const { median, p99 } = JSON.parse(stdout);
          const seen = (result.peers[peer.name] ??= { medians: [], p99s: [] });
          seen.medians.push(median);
          seen.p99s.push(p99);
        }
      } finally {
        await mounted.stop();
      }
    }
  }
  return results;
}
