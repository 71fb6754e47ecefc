import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { Mounted } from './mounted.mjs';
import { memoryPeers, numberedPeer } from './peers.mjs';
import { compile, missing } from './programs.mjs';
import { Results } from './results.mjs';
import { run } from './run.mjs';
import { canDrop, drop } from './scenarios.mjs';
import { grid, ratioTable, showTime } from './table.mjs';

/** What becomes of it when there is much of something; and when there is nothing to do. */

const MEBIBYTE = 2 ** 20;
/** How long an idle volume is watched, in milliseconds. */
const IDLE = 10_000;
/** A process has tidied up when it has done nothing for QUIET seconds, or SETTLING are over. */
const QUIET = 10;
const SETTLING = 30;
/** How long the kernel gets to say what it has forgotten, in milliseconds, and how often it is told to. */
const FORGETTING = 500;
const MOST_DROPS = 20;
/** Of one measurement, in milliseconds. */
const LIMIT = 180_000;

/** Of what, how much, and what growth.c is to ask of the volume at a directory then. */
const SERIES = [
  {
    row: 'files',
    title: 'files, stat of each',
    numbers: [1e3, 1e4, 1e5, 1e6],
    asks: (at, number) => ['stat', `${at}/${number}`, number],
  },
  {
    row: 'list',
    title: 'entries of a directory, listed with attributes',
    numbers: [1e3, 1e4, 1e5],
    asks: (at, number) => ['list', `${at}/${number}`],
  },
  {
    row: 'open',
    title: 'open files, open and close of one more',
    numbers: [10, 1e3, 1e4],
    asks: (at, number) => ['hold', `${at}/1/f0`, number, 500],
  },
  {
    row: 'size',
    title: 'MiB of a file, direct read of 4 KiB',
    numbers: [1, 1e3, 1e6],
    asks: (at, number) => ['read', `${at}/size-${number * MEBIBYTE}`, 500],
  },
];

/**
 * @param options - rounds; `only`, a pattern for rows; `largest`: numbers beyond it are left out
 */
export async function measureGrowth({ rounds, only, largest }, say) {
  const series = SERIES.filter(({ row }) => only.test(row));
  const rows = [];
  for (const one of series) {
    for (const number of one.numbers.filter((value) => value <= largest)) {
      rows.push({ group: 'growth', row: one.row, title: one.title, number });
      say(`growth: ${number} ${one.title}`);
      Object.assign(rows.at(-1), await grow(one, number));
    }
  }
  if (only.test('start')) rows.push(...(await measureStart(rounds + 2, say)));
  if (only.test('idle')) rows.push(...(await measureIdle(say)));
  return rows;
}

/** @returns seconds an operation took; bytes that each took, and that were left of each in the end */
async function grow({ asks }, number) {
  const mounted = await Mounted.start(numberedPeer());
  try {
    const before = await mounted.ask('memory');
    const each = (memory) => ({
      heap: (memory.heap - before.heap) / number,
      resident: (memory.resident - before.resident) / number,
    });
    let used;
    const { operations, seconds } = await askVolume(asks(mounted.directory, number), async () => {
      used = await mounted.ask('memory');
    });
    const left = canDrop() ? await forget(mounted, used) : undefined;
    return { value: seconds / operations, used: each(used), left: left && each(left) };
  } catch (error) {
    return { failure: error.message };
  } finally {
    await mounted.stop();
  }
}

/**
 * Runs growth.c.
 * @param whileThere - is called when it has measured, and still has open what it has opened
 * @returns what it has measured
 */
async function askVolume(args, whileThere) {
  const growth = compile('growth');
  if (growth === undefined) throw new Error(`no C compiler: ${missing.get('growth')}`);
  const child = spawn(growth, args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  const ended = once(child, 'exit').then(() => []);
  try {
    const [line] = await Promise.race([once(child.stdout, 'data'), ended]);
    if (line === undefined) throw new Error(`growth ${args.join(' ')} failed`);
    await whileThere();
    return JSON.parse(line.toString());
  } finally {
    child.stdin.end();
    await ended;
    clearTimeout(timer);
  }
}

/** Has the kernel drop what it knows, until it says no more that it has forgotten something. */
async function forget(mounted, used) {
  let memory = used;
  for (let round = 0; round < MOST_DROPS; round += 1) {
    await drop(2);
    await delay(FORGETTING);
    const now = await mounted.ask('memory');
    const isSettled = Math.abs(memory.heap - now.heap) < 0.01 * memory.heap;
    memory = now;
    if (isSettled && round > 0) break;
  }
  return memory;
}

/** From the start of the process until the volume answers, of every peer. */
async function measureStart(rounds, say) {
  const peers = memoryPeers();
  const results = new Results('start', peers);
  results.add({ row: 'start', title: 'from process start to mounted' });
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      say(`start-up, round ${round + 1}: ${peer.name}`);
      try {
        const mounted = await Mounted.start(peer);
        results.note('start', peer.name, { value: mounted.startTime / 1000 });
        await mounted.stop();
      } catch (error) {
        results.fail('start', peer.name, error);
      }
    }
  }
  return results.rows;
}

/** What the peers do when nobody asks for anything: all are watched at the same time. */
async function measureIdle(say) {
  const peers = memoryPeers();
  const results = new Results('idle', peers);
  results.add({ row: 'wakeups', title: 'context switches in 10 s' });
  results.add({ row: 'cpu', title: 'processor time in 10 s' });
  say('idle');
  const all = [];
  try {
    for (const peer of peers) {
      const mounted = await Mounted.start(peer);
      all.push(mounted);
      await run(['ls', '-l', mounted.directory]);
    }
    await settled(all);
    const before = all.map(activity);
    await delay(IDLE);
    const after = all.map(activity);
    all.forEach(({ peer: { name } }, i) => {
      results.note('wakeups', name, { value: after[i].switches - before[i].switches });
      results.note('cpu', name, { value: after[i].seconds - before[i].seconds });
    });
  } finally {
    for (const mounted of all) await mounted.stop();
  }
  return results.rows;
}

/** V8 tidies up once, about 8 s after the last request. */
async function settled(all) {
  const count = () => all.reduce((sum, mounted) => sum + activity(mounted).switches, 0);
  for (let seconds = 0, last = count(), quiet = 0; seconds < SETTLING && quiet < QUIET;) {
    await delay(1_000);
    const now = count();
    quiet = now === last ? quiet + 1 : 0;
    last = now;
    seconds += 1;
  }
}

/** What all threads of a peer's process have done so far. */
function activity({ child }) {
  let switches = 0;
  let seconds = 0;
  const tasks = `/proc/${child.pid}/task`;
  for (const task of readdirSync(tasks)) {
    const status = readFileSync(`${tasks}/${task}/status`, 'utf8');
    for (const [, count] of status.matchAll(/ctxt_switches:\s+(\d+)/g)) switches += Number(count);
    seconds += Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  }
  return { switches, seconds };
}

/** @param rows - of measureGrowth */
export function growthTable(rows) {
  const bytes = (value) => (value === undefined ? '' : `${Math.round(value)} B`);
  const isOf = (name) => (row) => row.group === name;
  const series = rows.filter(isOf('growth'));
  const start = rows.filter(isOf('start'));
  const idle = rows.filter(isOf('idle'));
  const parts = [];
  if (series.length > 0) {
    const head = [
      'Growth',
      'number',
      'time of one',
      'heap',
      'resident',
      'heap left',
      'resident left',
    ];
    const lines = series.map(({ title, number, value, used, left, failure }) =>
      failure === undefined
        ? [
            title,
            number.toLocaleString('en'),
            showTime(value),
            // Of few, and of the size of a file, there is nothing to see.
            ...(title.startsWith('MiB') || number < 10_000
              ? ['', '', '', '']
              : [used.heap, used.resident, left?.heap, left?.resident].map(bytes)),
          ]
        : [title, number.toLocaleString('en'), `failed: ${failure}`, '', '', '', ''],
    );
    parts.push(grid(head, lines).join('\n'));
  }
  if (start.length > 0) parts.push(ratioTable('Start-up', start));
  if (idle.length > 0) {
    const [{ columns }] = idle;
    const lines = idle.map(({ row, title, peers }) => [
      title,
      ...columns.map((name) => {
        const value = peers[name]?.value[0];
        return value === undefined ? '' : row === 'cpu' ? showTime(value) : value;
      }),
    ]);
    parts.push(grid(['Idle (absolute)', ...columns], lines).join('\n'));
  }
  return parts.join('\n\n');
}
