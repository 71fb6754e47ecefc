import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { atExit } from '../support/cleanup.js';
import { eventually, within } from '../support/eventually.js';
import { Programs, type Place } from './places.js';

type Journal = 'wal' | 'delete';

const transactions = ({ isSlow }: Place): number => (isSlow ? 12 : 60);
const ROWS = 50;
const WAIT = '.timeout 60000';

function sqlite(place: Place, database: string, ...lines: string[]): Promise<string> {
  const input = [WAIT, ...lines, ''].join('\n');
  return place.run('sqlite3', ['-batch', '-bail', database], { input });
}

/** Rows whose content follows from their key, so that a mixed-up page shows. */
const insert = (writer: string, first: number, count: number): string =>
  'INSERT INTO entries ' +
  `WITH RECURSIVE n(i) AS (VALUES(${String(first)}) ` +
  `UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${String(first + count)}) ` +
  `SELECT '${writer}', i, hex(zeroblob(i % 97)) || '${writer}' || i, i * 0.5 FROM n;`;

function workOf(place: Place, writer: string): string[] {
  return Array.from({ length: transactions(place) }, (_, number) => [
    'BEGIN IMMEDIATE;',
    insert(writer, number * ROWS, ROWS),
    `UPDATE totals SET entries = entries + ${String(ROWS)};`,
    // Some work is undone, so that the journal is needed.
    number % 7 === 3 ? 'ROLLBACK;' : 'COMMIT;',
  ]).flat();
}

const questions = [
  'PRAGMA integrity_check;',
  'SELECT writer, count(*), sum(number), sum(length(text)), total(value) FROM entries ' +
    'GROUP BY writer ORDER BY writer;',
  'SELECT entries = (SELECT count(*) FROM entries) FROM totals;',
  'SELECT count(*) FROM entries WHERE text <> hex(zeroblob(number % 97)) || writer || number;',
  'SELECT count(*) FROM entries INDEXED BY by_text;',
];

async function create(place: Place, database: string, journal: Journal): Promise<void> {
  const mode = await sqlite(
    place,
    database,
    `PRAGMA journal_mode=${journal};`,
    'CREATE TABLE entries (writer TEXT, number INTEGER, text TEXT, value REAL,',
    '  PRIMARY KEY (writer, number));',
    'CREATE INDEX by_text ON entries (text);',
    'CREATE TABLE totals (entries INTEGER);',
    'INSERT INTO totals VALUES (0);',
  );
  expect(mode.trim()).toBe(journal);
}

async function twoWriters(place: Place, journal: Journal): Promise<string> {
  const database = place.path('entries.db');
  await create(place, database, journal);
  // A reader at the same time: it must see whole transactions only.
  const looks = Array.from({ length: 20 }, () => questions[2] ?? '');
  const [, , seen] = await Promise.all([
    sqlite(place, database, ...workOf(place, 'one')),
    sqlite(place, database, ...workOf(place, 'two')),
    sqlite(place, database, ...looks),
  ]);
  expect(new Set(seen.trim().split('\n'))).toEqual(new Set(['1']));
  const answers = await sqlite(place, database, ...questions);
  expect(answers).toMatch(/^ok\n/);
  const vacuumed = await sqlite(place, database, 'VACUUM;', ...questions);
  expect(vacuumed).toBe(answers);
  return answers;
}

/** Ends a writer in the middle of a transaction that has reached the disk. */
async function killedWriter(place: Place, journal: Journal): Promise<string> {
  const database = place.path('killed.db');
  await create(place, database, journal);
  await sqlite(place, database, insert('kept', 0, 500), 'UPDATE totals SET entries = 500;');
  const before = await sqlite(place, database, ...questions);

  const writer = spawn('sqlite3', ['-batch', '-bail', database], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const released = atExit(() => writer.kill('SIGKILL'));
  const ended = new Promise((resolve) => writer.once('close', resolve));
  try {
    let output = '';
    writer.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    // So small a cache that pages of the unfinished transaction are written out.
    const lines = [WAIT, 'PRAGMA cache_size=5;', 'BEGIN IMMEDIATE;', insert('lost', 0, 3000)];
    writer.stdin.write([...lines, "SELECT 'written';", ''].join('\n'));
    await eventually('the unfinished transaction', () => output.includes('written'), 60_000);
    expect(existsSync(`${database}-${journal === 'wal' ? 'wal' : 'journal'}`)).toBe(true);
  } finally {
    writer.kill('SIGKILL');
    await within('the killed writer', 30_000, ended);
    released();
  }
  const after = await sqlite(place, database, ...questions);
  expect(after).toBe(before);
  return after;
}

const programs = new Programs();

for (const journal of ['wal', 'delete'] as const) {
  programs.add(`sqlite: two writers and a reader, journal ${journal}`, ['sqlite3'], (place) =>
    twoWriters(place, journal),
  );
  programs.add(`sqlite: a writer is killed, journal ${journal}`, ['sqlite3'], (place) =>
    killedWriter(place, journal),
  );
}

programs.install('memfs');
