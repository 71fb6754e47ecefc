import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { missingTools, run, runProgram } from '../../support/tools.js';
import { checkImage, KINDS, missingFatTools, mtool } from './images.js';
import { MountedImage } from './mounted_image.js';

const missing =
  process.platform === 'linux' ? missingFatTools : 'the mount of Linux is what is used';

/** Sizes that mkfs.fat makes each kind of by itself, large enough for programs to work in. */
const LARGE = [
  ['FAT12', 8 * 1024, ['-F', '12', '-r', '512']],
  ['FAT16', 48 * 1024, ['-F', '16', '-s', '4']],
  ['FAT32', 48 * 1024, ['-F', '32', '-s', '1']],
] as const;

const content = (size: number, seed: string): Buffer => {
  const block = createHash('sha256').update(seed).digest();
  return Buffer.alloc(size, block);
};

/** A tree to copy, of names and sizes of all kinds. Times are even: FAT has no others. */
function makeTree(root: string): string {
  const files: [string, number][] = [
    ['README', 10],
    ['Mixed Case.txt', 0],
    ['deep/er/and/deeper/still.bin', 200_000],
    ['deep/ünïcödé 日本語 😀.dat', 4097],
    [`deep/${'long'.repeat(30)}.x`, 511],
    ['.hidden/.config', 1],
  ];
  for (let number = 0; number < 60; number += 1)
    files.push([`many/file ${String(number)}`, number]);
  for (const [name, size] of files) {
    const path = join(root, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content(size, name));
  }
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  for (const name of ['.', ...names]) utimesSync(join(root, name), 1_600_000_000, 1_600_000_000);
  return root;
}

describe.skipIf(missing !== undefined)(`programs on a mounted image ${missing ?? ''}`, () => {
  let volume: MountedImage;
  afterEach(() => volume.remove());

  describe.each(LARGE)('%s', (_kind, size, args) => {
    beforeEach(async () => {
      volume = await new MountedImage(size, '-n', 'STICK', ...args).mount();
    });

    it('cp -r, tar and rsync take a tree there and back', async () => {
      const source = makeTree(volume.temporary.directory('source'));
      await run('cp', ['-r', '--preserve=timestamps', source, volume.path('copy')]);
      await run('diff', ['-r', source, volume.path('copy')]);
      expect(statSync(volume.path('copy', 'README')).mtimeMs).toBe(1_600_000_000_000);

      const archive = join(volume.temporary.path, 'tree.tar');
      await run('tar', ['-cf', archive, '-C', volume.path('copy'), '.']);
      mkdirSync(volume.path('unpacked'));
      await run('tar', ['-xf', archive, '--no-same-owner', '-C', volume.path('unpacked')]);
      await run('diff', ['-r', source, volume.path('unpacked')]);

      await run('rsync', ['-rt', `${source}/`, volume.path('synced')]);
      await run('diff', ['-r', source, volume.path('synced')]);
      // Nothing has changed, by size and time: then nothing is sent.
      const again = await run('rsync', ['-rti', `${source}/`, volume.path('synced')]);
      expect(again).toBe('');

      await volume.unmount();
      checkImage(volume.image);
      expect(mtool('mtype', volume.image, '::copy/deep/er/and/deeper/still.bin').length).not.toBe(
        0,
      );
    });

    it('sees what mtools wrote, and mtools what it wrote', async () => {
      writeFileSync(volume.path('From the volume.txt'), 'volume\n');
      mkdirSync(volume.path('Ein Ordner'));
      writeFileSync(volume.path('Ein Ordner', 'plain.txt'), 'in it\n');
      await volume.unmount();
      expect(mtool('mtype', volume.image, '::From the volume.txt')).toBe('volume\n');
      expect(mtool('mtype', volume.image, '::Ein Ordner/PLAIN.TXT')).toBe('in it\n');
      expect(mtool('mdir', volume.image, '-b', '::')).toContain('::/From the volume.txt');

      const local = join(volume.temporary.path, 'local');
      writeFileSync(local, 'mtools\n');
      mtool('mcopy', volume.image, local, '::By mtools, with a long name');
      mtool('mmd', volume.image, '::Ein Ordner/Sub');
      mtool('mdel', volume.image, '::From the volume.txt');
      await volume.mount();
      expect(readFileSync(volume.path('By mtools, with a long name'), 'utf8')).toBe('mtools\n');
      expect(readdirSync(volume.mountPoint).sort()).toEqual([
        'By mtools, with a long name',
        'Ein Ordner',
      ]);
      expect(readdirSync(volume.path('Ein Ordner')).sort()).toEqual(['Sub', 'plain.txt']);
      await volume.unmount();
      checkImage(volume.image);
    });

    it('is sound when the process is killed after fsync', async () => {
      for (let number = 0; number < 20; number += 1) {
        const file = openSync(volume.path(`kept ${String(number)}`), 'w');
        writeSync(file, content(number * 1000, 'kept'));
        fsyncSync(file);
        closeSync(file);
      }
      await volume.kill();
      checkImage(volume.image);
      await volume.mount();
      expect(readFileSync(volume.path('kept 19')).equals(content(19_000, 'kept'))).toBe(true);
      await volume.unmount();
    });
  });

  it('git and sqlite work in it', { timeout: 180_000 }, async () => {
    volume = await new MountedImage(96 * 1024, '-F', '32').mount();
    const tools = missingTools('git', 'sqlite3');
    expect(tools).toBeUndefined();
    const git = (...args: string[]): Promise<string> =>
      run('git', [
        ...['-c', 'core.fileMode=false', '-c', 'core.symlinks=false', '-c', 'safe.directory=*'],
        ...['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args],
      ]);
    const source = makeTree(volume.temporary.directory('source'));
    await git('init', '-q', source);
    await git('-C', source, 'add', '.');
    await git('-C', source, 'commit', '-q', '-m', 'first');
    const clone = volume.path('clone');
    await git('clone', '-q', '--no-hardlinks', source, clone);
    await git('-C', clone, 'fsck', '--full', '--strict');
    expect(await git('-C', clone, 'status', '--porcelain')).toBe('');
    writeFileSync(join(clone, 'README'), 'changed\n');
    await git('-C', clone, 'commit', '-q', '-a', '-m', 'second');
    await git('-C', clone, 'gc', '-q');
    await git('-C', clone, 'push', '-q', 'origin', 'HEAD:refs/heads/pushed');

    const database = volume.path('data.db');
    const sql = (...lines: string[]): Promise<string> =>
      run('sqlite3', ['-batch', '-bail', database], { input: `${lines.join('\n')}\n` });
    await sql('PRAGMA journal_mode=delete;', 'CREATE TABLE t (n INTEGER PRIMARY KEY, x TEXT);');
    for (let round = 0; round < 10; round += 1) {
      await sql(
        'BEGIN;',
        'WITH RECURSIVE c(n) AS (VALUES(1) UNION ALL SELECT n+1 FROM c WHERE n<200)',
        'INSERT INTO t(x) SELECT hex(randomblob(n)) FROM c;',
        round % 3 === 2 ? 'ROLLBACK;' : 'COMMIT;',
      );
    }
    expect(await sql('PRAGMA integrity_check;', 'SELECT count(*) FROM t;', 'VACUUM;')).toBe(
      'ok\n1400\n',
    );
    await volume.unmount();
    checkImage(volume.image);
  });

  it('holds a directory of thousands of files with long names', { timeout: 180_000 }, async () => {
    volume = await new MountedImage(64 * 1024, '-F', '32', '-s', '1').mount();
    mkdirSync(volume.path('big'));
    const script = `
      const fs = require('node:fs');
      for (let n = 0; n < 4000; n += 1) fs.writeFileSync(process.argv[1] + '/a file with number ' + n, '' + n);
      for (let n = 0; n < 4000; n += 3) fs.unlinkSync(process.argv[1] + '/a file with number ' + n);
      for (let n = 0; n < 500; n += 1) fs.writeFileSync(process.argv[1] + '/A much longer name for file number ' + n, '' + n);`;
    await run(process.execPath, ['-e', script, volume.path('big')]);
    const names = readdirSync(volume.path('big'));
    expect(names.length).toBe(4000 - 1334 + 500);
    expect(new Set(names).size).toBe(names.length);
    expect(readFileSync(volume.path('BIG', 'A FILE WITH NUMBER 3998'), 'utf8')).toBe('3998');
    await volume.unmount();
    checkImage(volume.image);
    expect(mtool('mdir', volume.image, '-b', '::big').trim().split('\n').length).toBe(names.length);
  });

  it('says when it is full, and is sound', async () => {
    const [, size, args] = KINDS[1];
    volume = await new MountedImage(size, ...args).mount();
    const done = await runProgram('dd', ['if=/dev/zero', `of=${volume.path('full')}`, 'bs=64K']);
    expect(done.code).not.toBe(0);
    expect(done.stderr).toContain('No space left on device');
    await volume.unmount();
    checkImage(volume.image);
  });

  it('refuses what FAT cannot hold', async () => {
    volume = await new MountedImage(4096).mount();
    for (const name of ['a:b', 'a?b', 'a*b', 'a|b', 'dot.', 'space ', 'a<b', 'back\\slash']) {
      expect(() => writeFileSync(volume.path(name), ''), name).toThrow(/EINVAL/);
      expect(() => statSync(volume.path(name)), name).toThrow(/ENOENT/);
    }
    writeFileSync(volume.path('Name'), 'one');
    writeFileSync(volume.path('NAME'), 'two');
    expect(readdirSync(volume.mountPoint)).toEqual(['Name']);
    expect(readFileSync(volume.path('name'), 'utf8')).toBe('two');
    const file = openSync(volume.path('name'), 'r+');
    expect(() => writeSync(file, 'x', 2 ** 32 - 1)).toThrow(/EFBIG/);
    closeSync(file);
    await volume.unmount();
    checkImage(volume.image);
  });
});
