import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './run.mjs';

/** What the real rows work on, the same bytes on every machine. Made on the disk that is mirrored. */

/** Numbers from 0 to 1, the same ones every time (mulberry32). */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lines of text that compress about as well as sources do. */
function text(next, length) {
  const words = [];
  for (let size = 0; size < length; size += 8) {
    words.push(Math.floor(next() * 2 ** 26).toString(36), next() < 0.1 ? '\n' : ' ');
  }
  return words.join('').slice(0, length);
}

/** Most files are small, few are large: the median is about 2 KiB, the mean 4 KiB. */
const sourceSize = (next) => Math.ceil(128 * 2 ** (next() * 8));

function write(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/**
 * @param disk - directory on the disk that is mirrored
 * @param sizes - `files` of the tree, `packages` to install, `bytes` of the file that fio reads
 * @returns directory with tree.tar, packages/, project/ (for make), SQL and data
 */
export async function makeInputs(disk, { files, packages, bytes }) {
  const directory = join(disk, 'inputs');
  const next = numbers(1);
  for (let i = 0; i < files; i += 1) {
    const place = `tree/area-${i % 10}/module-${i % 130}/file-${i}.c`;
    write(join(directory, place), text(next, sourceSize(next)));
  }
  await pack(directory, 'tree.tar', 'tree');
  rmSync(join(directory, 'tree'), { recursive: true });
  const names = [];
  for (let i = 0; i < packages; i += 1) {
    const name = `bench-package-${i}`;
    names.push(name);
    write(join(directory, 'package/package.json'), JSON.stringify({ name, version: '1.0.0' }));
    for (let j = 0; j < 40; j += 1) {
      write(
        join(directory, `package/lib/part-${j % 5}/file-${j}.js`),
        text(next, sourceSize(next)),
      );
    }
    mkdirSync(join(directory, 'packages'), { recursive: true });
    await pack(directory, `packages/${name}.tgz`, 'package');
    rmSync(join(directory, 'package'), { recursive: true });
  }
  const dependencies = Object.fromEntries(
    names.map((name) => [name, `file:${join(directory, 'packages', name)}.tgz`]),
  );
  const manifest = { name: 'bench-install', version: '1.0.0', dependencies };
  write(join(directory, 'packages/package.json'), JSON.stringify(manifest));
  for (const [name, content] of sources()) write(join(directory, 'project', name), content);
  write(join(directory, 'each.sql'), inserts(100));
  write(join(directory, 'one.sql'), inserts(50_000, 'BEGIN;', 'COMMIT;'));
  await run([
    'dd',
    'if=/dev/urandom',
    `of=${join(directory, 'data')}`,
    'bs=1M',
    `count=${bytes >> 20}`,
  ]);
  return directory;
}

function inserts(count, before = '', after = '') {
  const lines = Array.from(
    { length: count },
    (_, i) => `INSERT INTO t (name, value) VALUES ('name ${i}', ${i}.5);`,
  );
  const table = 'CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, value REAL);';
  return [table, before, ...lines, after].join('\n');
}

function pack(directory, archive, what) {
  const owner = ['--sort=name', '--mtime=@1700000000', '--owner=0', '--group=0', '--numeric-owner'];
  return run(['tar', '-C', directory, ...owner, '-caf', join(directory, archive), what]);
}

/** A small program in C: 24 files that share headers. @returns pairs of name and content */
function sources() {
  const count = 24;
  const parts = Array.from({ length: count }, (_, i) => i);
  const objects = parts.map((i) => `part_${i}.o`).join(' ');
  return [
    [
      'Makefile',
      `program: main.o ${objects}\n\tgcc -o $@ $^\n%.o: %.c parts.h\n\tgcc -O1 -c -o $@ $<\n`,
    ],
    [
      'parts.h',
      '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n' +
        parts.map((i) => `int part_${i}(int value);\n`).join(''),
    ],
    [
      'main.c',
      '#include "parts.h"\nint main(void) {\n  int sum = 0;\n' +
        parts.map((i) => `  sum += part_${i}(sum);\n`).join('') +
        '  return sum == 0;\n}\n',
    ],
    ...parts.map((i) => [
      `part_${i}.c`,
      '#include "parts.h"\n' +
        Array.from(
          { length: 20 },
          (_, j) =>
            `static int step_${j}(int value) {\n  for (int i = 0; i < ${j + 3}; ++i) ` +
            `value = value * 31 + (value >> ${(i + j) % 13});\n  return value;\n}\n`,
        ).join('') +
        `int part_${i}(int value) {\n` +
        Array.from({ length: 20 }, (_, j) => `  value ^= step_${j}(value + ${i});\n`).join('') +
        '  return value;\n}\n',
    ]),
  ];
}
