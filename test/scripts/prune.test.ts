import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';

const script = new URL('../../scripts/prune.mjs', import.meta.url).href;
const { prune } = (await import(script)) as {
  prune: (output: string, sourceOf: (module: string) => string) => void;
};

let place: TemporaryDirectory;
beforeEach(() => {
  place = temporaryDirectory();
});
afterEach(() => place.remove());

it('leaves what has a source, and nothing else', () => {
  const [lib, dist] = [place.directory('lib'), place.directory('dist')];
  for (const directory of [lib, dist]) mkdirSync(join(directory, 'kept'));
  mkdirSync(join(dist, 'gone', 'deep'), { recursive: true });
  writeFileSync(join(lib, 'index.ts'), '');
  writeFileSync(join(lib, 'kept', 'part.ts'), '');
  const kept = ['index.js', 'index.js.map', 'index.d.ts', 'kept/part.js'];
  const stale = ['old.js', 'old.d.ts', 'kept/old.js.map', 'gone/deep/part.js', 'index.txt'];
  for (const name of [...kept, ...stale]) writeFileSync(join(dist, name), '');
  prune(dist, (module) => join(lib, module));
  expect(kept.filter((name) => !existsSync(join(dist, name)))).toEqual([]);
  expect(stale.filter((name) => existsSync(join(dist, name)))).toEqual([]);
  expect(existsSync(join(dist, 'gone'))).toBe(false);
});

it('has nothing to do before the first build', () => {
  expect(() => prune(join(place.path, 'missing'), (module) => module)).not.toThrow();
});
