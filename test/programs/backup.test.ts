import { join } from 'node:path';
import { expect } from 'vitest';
import { Posix } from '../support/posix.js';
import { manifest } from './manifest.js';
import { Programs, type Place } from './places.js';
import { makeTree, SPARSE_SIZE } from './tree.js';

/** A tree on the disk to copy from. */
async function makeSource(place: Place): Promise<string> {
  const source = join(place.scratch, 'source');
  const posix = new Posix();
  try {
    const many = place.isSlow ? 40 : 300;
    await makeTree(posix, source, (feature) => place.has(feature), many);
  } finally {
    await posix.close();
  }
  return source;
}

/** Whether the holes of the sparse files have stayed holes, in a quarter of their size at most. */
async function keepsHoles(place: Place, tree: string): Promise<boolean | undefined> {
  if (!place.has('sparseFiles')) return undefined;
  const blocks = await place.run('stat', ['--format=%b', 'sparse/holes', 'sparse/all-hole'], {
    cwd: tree,
  });
  return blocks
    .trim()
    .split('\n')
    .every((count) => Number(count) * 512 < SPARSE_SIZE / 4);
}

/** Extended attributes as getfattr prints them, one entry for each file that has some. */
async function attributes(place: Place, tree: string): Promise<string[]> {
  const options = ['--recursive', '--physical', '--no-dereference', '--dump', '--encoding=hex'];
  const output = await place.run('getfattr', [...options, '.'], { cwd: tree });
  // Both the files and the attributes of one come in the order the file system likes.
  const sorted = output.split('\n\n').map((entry) => entry.split('\n').sort().join('\n'));
  return sorted.sort();
}

const TAR = ['--xattrs', '--xattrs-include=user.*', '--numeric-owner', '--sparse'];

async function tar(place: Place, from: string, to: string, archive: string): Promise<void> {
  await place.run('tar', ['--create', '--format=pax', ...TAR, `--file=${archive}`, '.'], {
    cwd: from,
  });
  await place.run('tar', ['--extract', '--preserve-permissions', ...TAR, `--file=${archive}`], {
    cwd: to,
  });
}

const RSYNC = ['-aHX', '--checksum', '--sparse', '--numeric-ids'];

/** Copies, and fails when a second look finds a difference. */
async function rsync(place: Place, from: string, to: string): Promise<void> {
  await place.run('rsync', [...RSYNC, `${from}/`, `${to}/`]);
  const left = await place.run('rsync', [...RSYNC, '-n', '-i', '--delete', `${from}/`, `${to}/`]);
  expect(left, 'what a second run would still copy').toBe('');
}

const programs = new Programs();

programs.add('tar: there and back with nothing lost', ['tar', 'getfattr'], async (place) => {
  const source = await makeSource(place);
  const wanted = await manifest(source);
  const wantedAttributes = await attributes(place, source);
  const there = place.make('there');
  // Once the archive is on the disk, once it is on the file system under test.
  await tar(place, source, there, join(place.scratch, 'there.tar'));
  expect(await manifest(there)).toEqual(wanted);
  expect(await attributes(place, there)).toEqual(wantedAttributes);
  const back = join(place.scratch, 'back');
  await place.run('mkdir', [back]);
  await tar(place, there, back, place.path('back.tar'));
  expect(await manifest(back)).toEqual(wanted);
  expect(await attributes(place, back)).toEqual(wantedAttributes);
  const within = place.make('within');
  await tar(place, there, within, place.path('within.tar'));
  expect(await manifest(within)).toEqual(wanted);
  return {
    tree: wanted,
    holesThere: await keepsHoles(place, there),
    holesBack: await keepsHoles(place, back),
  };
});

async function bothWays(place: Place): Promise<unknown> {
  const source = await makeSource(place);
  const wanted = await manifest(source);
  const there = place.make('there');
  await rsync(place, source, there);
  expect(await manifest(there)).toEqual(wanted);
  const back = join(place.scratch, 'back');
  await rsync(place, there, back);
  expect(await manifest(back)).toEqual(wanted);
  const within = place.make('within');
  await rsync(place, there, within);
  expect(await manifest(within)).toEqual(wanted);
  // Changes in place: a delta has to be found, and written into the copy.
  // (rsync lets the time of a directory be when it is of the same second.)
  const changes =
    'printf changed >> plain/131073 && rm odd/-rf && touch -d 2001-02-03T04:05:06 odd';
  await place.run('sh', ['-c', changes], { cwd: source });
  await place.run('rsync', [...RSYNC, '--delete', '--no-whole-file', `${source}/`, `${there}/`]);
  expect(await manifest(there)).toEqual(await manifest(source));
  return {
    tree: wanted,
    attributes: await attributes(place, there),
    holesThere: await keepsHoles(place, there),
    holesBack: await keepsHoles(place, back),
  };
}

// It makes its files with the mode 0600, and gives up where that cannot be.
programs.add('rsync: both ways with no difference', ['rsync', 'getfattr'], bothWays, ['modes']);

programs.install('memfs');
