import { describe, expect, test } from 'vitest';
import { Delays } from '../../lib/service/back_off.js';
import { printable } from '../../lib/cli/output.js';
import { quoted } from '../../lib/cli/quoted.js';
import { tableLines } from '../../lib/cli/table.js';

describe('a table', () => {
  const columns = [
    { title: 'POINT' },
    { title: 'STATE', style: (padded: string) => `<${padded}>` },
    { title: 'COMMAND' },
  ];
  const rows = [
    ['/mnt', 'live', 'node a-long-command --with options'],
    ['/mnt/other', 'dead', ''],
  ];

  test('has columns as wide as what is in them', () => {
    expect(tableLines(columns, rows, Infinity)).toEqual([
      'POINT       STATE  COMMAND',
      '/mnt        <live >  node a-long-command --with options',
      '/mnt/other  <dead >',
    ]);
  });

  test('is cut in the last column, never below its title', () => {
    expect(tableLines(columns, rows, 32)[1]).toBe('/mnt        <live >  node a-lon...');
    expect(tableLines(columns, rows, 5)[1]).toBe('/mnt        <live >  node...');
    expect(tableLines(columns, [], 32)).toEqual(['POINT  STATE  COMMAND']);
  });
});

test('what steers a terminal is shown, not passed on', () => {
  expect(printable('a\u001b[31m\n\u0085\u202e\ud800 ä 漢 😀')).toBe(
    'a\\x1b[31m\\x0a\\x85\\u{202e}\\u{d800} ä 漢 😀',
  );
});

test('a word is quoted as the shell needs it', () => {
  expect(['/mnt/a-b_c', "/mnt/it's here", '/mnt/$HOME', ''].map(quoted)).toEqual([
    '/mnt/a-b_c',
    "'/mnt/it'\\''s here'",
    "'/mnt/$HOME'",
    "''",
  ]);
});

test('delays double up to the maximum, and begin anew after a time of health', () => {
  const delays = new Delays({ initial: 100, maximum: 500, resetAfter: 1_000 });
  expect([0, 0, 999, 0, 0].map((healthy) => delays.next(healthy))).toEqual([
    100, 200, 400, 500, 500,
  ]);
  expect([1_000, 0].map((healthy) => delays.next(healthy))).toEqual([100, 200]);
  delays.reset();
  expect(delays.next(0)).toBe(100);
});
