import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { Programs, type Place } from './places.js';

const makefile = `CFLAGS = -O1 -fPIC -Wall -Werror
PARTS = $(patsubst %,part%.o,1 2 3 4 5 6)

all: static shared

static: main.o libparts.a
\t$(CC) -o $@ main.o libparts.a

shared: main.o libparts.so
\t$(CC) -o $@ main.o -L. -lparts -Wl,-rpath,'$$ORIGIN'

libparts.a: $(PARTS)
\tar rcsD $@ $^

libparts.so: $(PARTS)
\t$(CC) -shared -o $@ $^

%.o: %.c parts.h
\t$(CC) $(CFLAGS) -c -o $@ $<

part1.o: special.h

clean:
\trm -f *.o libparts.* static shared
`;

const NUMBERS = [1, 2, 3, 4, 5, 6];

function writeProject(place: Place): void {
  const write = (name: string, text: string): void => {
    writeFileSync(place.path(name), text);
  };
  write('Makefile', makefile);
  write('parts.h', NUMBERS.map((n) => `int part${String(n)}(int);\n`).join(''));
  write('special.h', '#define SPECIAL 1000\n');
  for (const number of NUMBERS) {
    const special = number === 1 ? '#include "special.h"\n' : '#define SPECIAL 0\n';
    const name = String(number);
    write(
      `part${name}.c`,
      `#include "parts.h"\n${special}int part${name}(int x) { return x * ${name} + SPECIAL; }\n`,
    );
  }
  const sum = NUMBERS.map((n) => `part${String(n)}(argc)`).join(' + ');
  write(
    'main.c',
    '#include <stdio.h>\n#include "parts.h"\n' +
      `int main(int argc, char **argv) { printf("%s %d\\n", argv[1], ${sum}); return 0; }\n`,
  );
}

/** Times decide what make does: all of one day, so that the clock has no part in it. */
const date = (place: Place, day: string, ...names: string[]): Promise<string> =>
  place.run('touch', [`--date=2001-02-${day} 03:04:05.678901234 UTC`, ...names]);

/** Without modes no file can be executed, but the dynamic loader maps and runs it all the same. */
const execute = (place: Place, program: string, argument: string): Promise<string> =>
  place.has('modes')
    ? place.run(program, [argument])
    : place.run('/lib64/ld-linux-x86-64.so.2', [program, argument]);

const programs = new Programs();

programs.add('gcc and make: a program of many files', ['gcc', 'make', 'ar'], async (place) => {
  writeProject(place);
  const make = (...args: string[]): Promise<string> => place.run('make', ['-j2', ...args]);
  await make();
  const results: Record<string, unknown> = {
    static: await execute(place, './static', 'one'),
    shared: await execute(place, './shared', 'two'),
    digests: await place.run('sha256sum', ['static', 'shared', 'libparts.a', 'libparts.so']),
  };
  // Exits with 1 when anything is out of date.
  await make('--question');
  await place.run('sh', ['-c', `touch --date='2001-02-01 00:00:00 UTC' *`]);
  await date(place, '02', 'special.h');
  const rebuilt = await make();
  results['rebuilt'] = rebuilt.split('\n').sort();
  expect(rebuilt).toContain('part1.o');
  expect(rebuilt).not.toContain('-o part2.o');
  writeFileSync(place.path('special.h'), '#define SPECIAL 5000\n');
  await date(place, '03', 'static', 'shared', ...NUMBERS.map((n) => `part${String(n)}.o`));
  await date(place, '03', 'libparts.a', 'libparts.so', 'main.o');
  await date(place, '04', 'special.h');
  await make();
  results['changed'] = await execute(place, './shared', 'three');
  expect(results['changed']).not.toBe(results['shared']);
  await make('clean');
  results['left'] = (await place.run('find', ['.', '-type', 'f'])).split('\n').sort();
  return results;
});

programs.install('mirrorfs');
