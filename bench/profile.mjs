import { Mounted } from './mounted.mjs';
import { memoryPeers, pinned, profiledPeer } from './peers.mjs';
import { compile, missing } from './programs.mjs';
import { run } from './run.mjs';
import { median } from './statistics.mjs';
import { grid } from './table.mjs';

/** Where the time of one request goes: the parts it passes in node-dokan, and the rest of its latency. */

/** Rows of client.c that are one request each, or two of the same kind. */
const OPERATIONS = [
  ['lookup', 'look up'],
  ['stat', 'stat'],
  ['read4k', 'read 4 KiB'],
  ['write4k', 'write 4 KiB'],
  ['read1m', 'read 1 MiB'],
];

/** In the order a request passes them. */
const PARTS = [
  ['receive', 'receive: read(2) of the message'],
  ['session', 'session: batches, books'],
  ['decode', 'decode'],
  ['dispatch', 'dispatch'],
  ['callback', 'callback'],
  ['encode', 'encode'],
  ['reply', 'reply: write(2), which wakes who asked'],
];

/** @param options - rounds; milliseconds a row and a round take; `only`, a pattern for rows */
export async function measureProfile({ rounds, milliseconds, only }, say) {
  const rows = OPERATIONS.filter(([row]) => only.test(row));
  if (rows.length === 0) return [];
  const client = compile('client');
  if (client === undefined) throw new Error(`no C compiler: ${missing.get('client')}`);
  const [plain] = memoryPeers();
  const profiled = profiledPeer();
  const ways = [
    ['any core', plain, profiled, []],
    ['one core', pinned(plain), pinned(profiled), ['taskset', '-c', '0']],
  ];
  const results = [];
  for (const [cores, ...peers] of ways) {
    for (const [row, title] of rows) {
      results.push({ group: 'profile', row, title, cores, total: [], parts: [] });
    }
    for (let round = 0; round < rounds; round += 1) {
      say(`profile, ${cores}, round ${round + 1}`);
      const seen = results.filter((result) => result.cores === cores);
      await profile(client, ...peers, milliseconds, seen);
    }
  }
  return results;
}

/** One round: the latency as it is, and then the same with clocks. */
async function profile(client, plain, profiled, prefix, milliseconds, results) {
  const ask = async (mounted, ...args) => {
    const { stdout } = await run([...prefix, client, mounted.directory, ...args.map(String)]);
    return args.length > 1 ? JSON.parse(stdout) : undefined;
  };
  const without = await Mounted.start(plain);
  try {
    await ask(without, 'prepare');
    for (const { row, total } of results) {
      const measured = await ask(without, row, 1, milliseconds);
      total.push(measured.median / 1e6);
    }
  } finally {
    await without.stop();
  }
  const mounted = await Mounted.start(profiled);
  try {
    await ask(mounted, 'prepare');
    for (const { row, parts } of results) {
      await mounted.ask('begin');
      const { operations, warm } = await ask(mounted, row, 1, milliseconds);
      const one = await mounted.ask('end');
      // With many who ask the next request is there already: then receiving is not waiting.
      await mounted.ask('begin');
      await ask(mounted, row, 8, milliseconds);
      const { receiving } = await mounted.ask('end');
      parts.push({ ...one, receive: receiving, each: one.requests / (operations + warm) });
    }
  } finally {
    await mounted.stop();
  }
}

/** @param rows - of measureProfile */
export function profileTable(rows) {
  const show = (milliseconds) => (milliseconds * 1e3).toFixed(2);
  return [...new Set(rows.map(({ cores }) => cores))]
    .map((cores) => {
      const columns = rows.filter((row) => row.cores === cores);
      const figures = columns.map(({ total, parts }) => {
        const each = median(parts.map((one) => one.each));
        const whole = median(total) / each;
        const own = PARTS.map(([name]) => median(parts.map((one) => one[name])));
        const rest = whole - own.reduce((sum, value) => sum + value, 0);
        return [rest, ...own, whole].map(show).concat(each.toFixed(2));
      });
      const names = [
        'kernel, waking up, who asks',
        ...PARTS.map(([, title]) => title),
        '**one request**',
        'requests in an operation',
      ];
      const lines = names.map((name, i) => [name, ...figures.map((column) => column[i])]);
      return grid([`µs, ${cores}`, ...columns.map(({ title }) => title)], lines).join('\n');
    })
    .join('\n\n');
}
