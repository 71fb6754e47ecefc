import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { pattern } from '../conformance/suite.js';
import { Programs, type Place } from './places.js';

const files = ({ isSlow }: Place): number => (isSlow ? 25 : 80);

/** With the dates fixed, equal content gives equal commit ids on every file system. */
const environment = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_AUTHOR_DATE: '2001-02-03T04:05:06Z',
  GIT_COMMITTER_NAME: 'C',
  GIT_COMMITTER_EMAIL: 'c@example.org',
  GIT_COMMITTER_DATE: '2001-02-03T04:05:06Z',
};

/** Git in one repository. */
const gitIn =
  (place: Place, repository: string) =>
  (...args: string[]): Promise<string> =>
    place.run('git', args, { cwd: repository, env: environment });

function writeSources(place: Place, repository: string): void {
  for (let number = 0; number < files(place); number += 1) {
    const directory = join(repository, `dir-${String(number % 7)}`, `né語 ${String(number % 3)}`);
    mkdirSync(directory, { recursive: true });
    const content = pattern(60 * number + 1, number + 1).toString('base64');
    writeFileSync(join(directory, `file-${String(number)}.txt`), `${content}\n`);
  }
  writeFileSync(join(repository, 'run.sh'), '#!/bin/sh\necho done\n');
  if (place.has('modes')) chmodSync(join(repository, 'run.sh'), 0o755);
  if (!place.has('symbolicLinks')) return;
  symlinkSync('run.sh', join(repository, 'link'));
  symlinkSync('no/such/file', join(repository, 'dangling'));
}

async function history(place: Place, repository: string): Promise<void> {
  const git = gitIn(place, repository);
  await git('init', '--quiet', '--initial-branch=main');
  writeSources(place, repository);
  await git('add', '.');
  await git('commit', '--quiet', '--message=first');
  await git('checkout', '--quiet', '-b', 'side');
  writeFileSync(join(repository, 'side.txt'), 'side\n');
  renameSync(join(repository, 'dir-0'), join(repository, 'moved'));
  await git('add', '--all');
  await git('commit', '--quiet', '--message=side');
  await git('checkout', '--quiet', 'main');
  writeFileSync(join(repository, 'run.sh'), '#!/bin/sh\necho changed\n');
  await git('commit', '--quiet', '--all', '--message=main');
  await git('merge', '--quiet', '--no-edit', 'side');
  writeFileSync(join(repository, 'side.txt'), 'not committed\n');
  await git('stash', 'push', '--quiet');
  await git('stash', 'pop', '--quiet');
  await git('checkout', '--quiet', '--', '.');
}

async function look(place: Place, repository: string): Promise<Record<string, string>> {
  const git = gitIn(place, repository);
  const status = await git('status', '--porcelain', '--ignored');
  expect(status, 'a tree that is not clean').toBe('');
  const canRun = place.has('modes') && place.has('symbolicLinks');
  return {
    fsck: await git('fsck', '--full', '--strict', '--no-progress', '--no-dangling'),
    head: await git('rev-parse', 'HEAD'),
    log: await git('log', '--format=%H %s %P'),
    files: await git('ls-tree', '-r', '-l', 'HEAD'),
    inIndex: await git('ls-files', '--stage'),
    run: canRun
      ? await place.run('./link', [], { cwd: repository })
      : await place.run('sh', ['run.sh'], { cwd: repository }),
  };
}

const programs = new Programs();

programs.add('git: commits, merges, packs and clones', ['git'], async (place) => {
  const original = place.make('original');
  await history(place, original);
  const before = await look(place, original);
  const git = gitIn(place, original);
  await git('gc', '--quiet', '--prune=now');
  const objects = await git('count-objects', '-v');
  expect(objects).toMatch(/^count: 0$/m);
  expect(await look(place, original)).toEqual(before);

  const results: Record<string, unknown> = { before };
  const clones: readonly (readonly [name: string, ...args: string[]])[] = [
    // Git takes a file system without hard links for one with a defect.
    ...(place.has('hardLinks') ? [['with-hard-links', '--local'] as const] : []),
    ['through-packs', '--no-local'],
    ['copied', '--no-hardlinks'],
  ];
  for (const [name, ...args] of clones) {
    const cloned = place.path(name);
    await git('clone', '--quiet', ...args, original, cloned);
    results[name] = await look(place, cloned);
  }
  // To the disk and back, what is there must be the same again.
  const outside = join(place.scratch, 'outside');
  await git('clone', '--quiet', '--no-local', original, outside);
  results['outside'] = await look(place, outside);
  await gitIn(place, outside)('push', '--quiet', original, 'HEAD:refs/heads/pushed');
  results['pushed'] = await git('rev-parse', 'pushed');
  return results;
});

programs.install('mirrorfs');
