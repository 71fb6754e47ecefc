import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Programs, type Place } from './places.js';

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** A package with two programs and a part that is made when it is packed. */
function writePackage(directory: string): void {
  mkdirSync(join(directory, 'lib'), { recursive: true });
  mkdirSync(join(directory, 'bin'));
  const manifest = {
    name: '@example/tool',
    version: '1.2.3',
    bin: { tool: 'bin/tool.js', 'other-tool': 'bin/other.sh' },
    main: 'lib/index.js',
    scripts: { prepack: 'node lib/made.js' },
  };
  writeFileSync(join(directory, 'package.json'), json(manifest));
  writeFileSync(
    join(directory, 'bin', 'tool.js'),
    "#!/usr/bin/env node\nconsole.log(require('..').greet(process.argv[2]));\n",
  );
  writeFileSync(join(directory, 'bin', 'other.sh'), '#!/bin/sh\necho "other $1"\n');
  writeFileSync(
    join(directory, 'lib', 'index.js'),
    "exports.greet = (name) => `hello ${name}, ${require('./made.json').made}`;\n",
  );
  writeFileSync(
    join(directory, 'lib', 'made.js'),
    "require('fs').writeFileSync(__dirname + '/made.json', '{\"made\": \"when packed\"}');\n",
  );
  for (let number = 0; number < 60; number += 1) {
    writeFileSync(join(directory, 'lib', `part-${String(number)}.js`), `// ${String(number)}\n`);
  }
}

const npm = (place: Place, cwd: string, ...args: string[]): Promise<string> =>
  place.run('npm', args, {
    cwd,
    env: {
      // The cache too is under test: its files are written, linked and renamed into place.
      npm_config_cache: place.path('cache'),
      npm_config_update_notifier: 'false',
      npm_config_loglevel: 'error',
    },
  });

const programs = new Programs();

programs.add('npm: pack, install, run', ['npm', 'node'], async (place) => {
  const source = place.path('source');
  writePackage(source);
  await npm(place, source, 'pack', '--pack-destination', place.directory);
  const user = place.make('user');
  writeFileSync(join(user, 'package.json'), json({ name: 'user', version: '1.0.0' }));
  const install = ['install', '--offline', '--no-audit', '--no-fund'];
  await npm(place, user, ...install, '../example-tool-1.2.3.tgz');
  const bin = join(user, 'node_modules', '.bin');
  const results = {
    tool: await place.run(join(bin, 'tool'), ['world'], { cwd: user }),
    other: await place.run(join(bin, 'other-tool'), ['world'], { cwd: user }),
    links: [readlinkSync(join(bin, 'tool')), readlinkSync(join(bin, 'other-tool'))],
    tree: await npm(place, user, 'ls', '--all'),
    lock: await place.run('cat', ['package-lock.json'], { cwd: user }),
    files: (await place.run('find', ['.', '-printf', '%P %y %m\\n'], { cwd: user }))
      .split('\n')
      .sort(),
  };
  expect(results.tool).toBe('hello world, when packed\n');
  await npm(place, user, 'ci', '--offline', '--no-audit', '--no-fund');
  expect(await place.run(join(bin, 'tool'), ['again'], { cwd: user })).toMatch(/^hello again/);
  await npm(place, user, 'uninstall', '--offline', '--no-audit', '--no-fund', '@example/tool');
  const left = (await place.run('find', ['.', '-printf', '%P\\n'], { cwd: user }))
    .split('\n')
    .sort();
  return { ...results, tree: results.tree.replaceAll(place.directory, ''), left };
});

programs.install();
