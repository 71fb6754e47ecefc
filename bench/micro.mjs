import { Mounted } from './mounted.mjs';
import { OURS, memoryPeers, pinned, threadedPeer } from './peers.mjs';
import { compile, missing } from './programs.mjs';
import { Results } from './results.mjs';
import { run } from './run.mjs';

/** Single operations on a volume in memory, asked by a client in C. */

/** Rows of client.c, and what they are. */
const OPERATIONS = [
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
];

const rowsOf = (threads) =>
  OPERATIONS.map(([operation, title]) => ({
    row: `${operation}-${threads}`,
    title: threads === 1 ? title : `${title}, ${threads} threads`,
    operation,
    threads,
  }));

/** @param options - rounds; milliseconds a row and a round take; `only`, a pattern for rows */
export function measureMicro(options, say) {
  // The longest row says nothing new with more threads.
  const rows = [...rowsOf(1), ...rowsOf(4).filter(({ operation }) => operation !== 'readdirstat')];
  return measure('micro', [...memoryPeers(), threadedPeer()], rows, [], options, say);
}

/** The same with the peer and the client on one core, where nobody waits for a core to wake up. */
export function measurePinned(options, say) {
  // More threads of the client would only wait for each other.
  const rows = rowsOf(1);
  return measure('pinned', memoryPeers().map(pinned), rows, ['taskset', '-c', '0'], options, say);
}

async function measure(group, peers, all, prefix, { rounds, milliseconds, only }, say) {
  const rows = all.filter(({ row }) => only.test(row));
  if (rows.length === 0) return [];
  const client = compile('client');
  if (client === undefined) throw new Error(`no C compiler: ${missing.get('client')}`);
  const results = new Results(group, peers);
  for (const row of rows) results.add(row);
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < peers.length; i += 1) {
      const peer = peers[(i + round) % peers.length];
      const wanted = rows.filter((row) => peer.takes?.(row) ?? true);
      say(`${group}, round ${round + 1}: ${peer.name}`);
      const ask = (...args) => run([...prefix, client, ...args.map(String)], { limit: 30 });
      if (wanted.length === 0) continue;
      let mounted;
      const left = [...wanted];
      try {
        mounted = await Mounted.start(peer);
        if (peer.isPrepared !== true) await ask(mounted.directory, 'prepare');
        for (; left.length > 0; left.shift()) {
          const [{ row, operation, threads }] = left;
          const before = mounted.processorTime;
          const { stdout } = await ask(mounted.directory, operation, threads, milliseconds);
          const { operations, warm, milliseconds: taken, median, p99 } = JSON.parse(stdout);
          const cpu = (mounted.processorTime - before) / (operations + warm);
          // Of several who wait for each other what counts is what they get done together.
          const value = threads > 1 ? taken / 1e3 / operations : median / 1e9;
          results.note(row, peer.name, { value, p99: p99 / 1e9, cpu });
        }
      } catch (error) {
        if (peer.name === OURS && mounted === undefined) throw error;
        for (const { row } of left) results.fail(row, peer.name, error);
      } finally {
        await mounted?.stop();
      }
    }
  }
  return results.rows;
}
