import { describe, expect } from 'vitest';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, type Stat } from '../support/posix.js';
import { renameOpen } from './rename_open.js';
import { refuses, type Need, type Scene, type Suite } from './suite.js';
import { has } from './target.js';

const kinds = ['file', 'empty directory', 'full directory', 'link', 'dangling link'] as const;
type Kind = (typeof kinds)[number];

/** What a file system must be able to, to have such things. */
const needsOf = (...used: readonly Kind[]): Need[] =>
  used.some((kind) => kind.endsWith('link')) ? ['symbolicLinks'] : [];

const isDirectory = (kind: Kind): boolean => kind.endsWith('directory');

/** What stands under a name: enough to tell two things apart. */
interface Seen {
  kind: Stat['kind'];
  ino: bigint;
  content: string;
}

async function make({ posix, path }: Scene, name: string, kind: Kind): Promise<void> {
  const at = path(name);
  if (kind === 'file') await posix.writeFile(at, `content of ${name}`);
  else if (kind === 'link') await posix.symlink('../bystander', at);
  else if (kind === 'dangling link') await posix.symlink(`nothing for ${name}`, at);
  else await posix.mkdir(at);
  if (kind === 'full directory') await posix.writeFile(`${at}/child`, `child of ${name}`);
}

async function look({ posix, path }: Scene, name: string): Promise<Seen> {
  const at = path(name);
  const { kind, ino } = await posix.lstat(at);
  let content = '';
  if (kind === 'file') content = await posix.readText(at);
  else if (kind === 'symlink') content = (await posix.readlink(at)).toString();
  else {
    for (const child of await posix.names(at)) {
      content += `${child}: ${await posix.readText(`${at}/${child}`)}\n`;
    }
  }
  return { kind, ino, content };
}

/** What rename(2) answers; undefined is success. */
function refusal(source: Kind, target: Kind): string[] | undefined {
  if (isDirectory(source)) {
    if (!isDirectory(target)) return ['ENOTDIR'];
    return target === 'full directory' ? ['ENOTEMPTY', 'EEXIST'] : undefined;
  }
  return isDirectory(target) ? ['EISDIR'] : undefined;
}

function matrix(suite: Suite): void {
  for (const source of kinds) {
    suite.test(`a ${source} to a free name`, needsOf(source), async (scene) => {
      await make(scene, 'source', source);
      const before = await look(scene, 'source');
      await scene.posix.rename(scene.path('source'), scene.path('target'));
      expect(await look(scene, 'target')).toEqual(before);
      await refuses(scene.posix.lstat(scene.path('source')), 'ENOENT');
      expect(await scene.posix.names(scene.path())).toEqual(['target']);
    });

    for (const target of kinds) {
      const usual = refusal(source, target);
      const title = `a ${source} over a ${target}: ${usual?.[0] ?? 'replaces'}`;
      suite.test(title, needsOf(source, target), async (scene) => {
        const { posix, path } = scene;
        const isReplaced =
          !(isDirectory(source) && isDirectory(target)) || has(scene.target, 'replacedDirectories');
        const codes = isReplaced ? usual : ['EACCES'];
        await make(scene, 'source', source);
        await make(scene, 'target', target);
        const before = [await look(scene, 'source'), await look(scene, 'target')];
        const renamed = posix.rename(path('source'), path('target'));
        if (codes !== undefined) {
          await refuses(renamed, ...codes);
          expect([await look(scene, 'source'), await look(scene, 'target')]).toEqual(before);
          return;
        }
        await renamed;
        expect(await look(scene, 'target')).toEqual(before[0]);
        await refuses(posix.lstat(path('source')), 'ENOENT');
        expect(await posix.names(path())).toEqual(['target']);
      });

      suite.test(
        `NOREPLACE of a ${source}: a ${target} stays`,
        needsOf(source, target),
        async (scene) => {
          const { posix, path } = scene;
          await make(scene, 'source', source);
          await make(scene, 'target', target);
          const before = [await look(scene, 'source'), await look(scene, 'target')];
          await refuses(
            posix.renameat2(path('source'), path('target'), RENAME_NOREPLACE),
            'EEXIST',
          );
          expect([await look(scene, 'source'), await look(scene, 'target')]).toEqual(before);
        },
      );

      const needs = needsOf(source, target);
      suite.test(`EXCHANGE of a ${source} and a ${target}`, needs, async (scene) => {
        const { posix, path } = scene;
        await make(scene, 'source', source);
        await make(scene, 'target', target);
        const before = [await look(scene, 'source'), await look(scene, 'target')];
        const swapped = posix.renameat2(path('source'), path('target'), RENAME_EXCHANGE);
        if (scene.target.features.exchange === true) {
          await swapped;
          before.reverse();
        } else {
          await refuses(swapped, 'EINVAL');
        }
        expect([await look(scene, 'source'), await look(scene, 'target')]).toEqual(before);
      });
    }
  }
}

function flags(suite: Suite): void {
  suite.test('NOREPLACE to a free name', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'content');
    await posix.renameat2(path('file'), path('renamed'), RENAME_NOREPLACE);
    expect(await posix.readText(path('renamed'))).toBe('content');
    expect(await posix.names(path())).toEqual(['renamed']);
  });

  suite.test('EXCHANGE needs both', ['exchange'], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'content');
    const swap = (from: string, to: string): Promise<void> =>
      posix.renameat2(path(from), path(to), RENAME_EXCHANGE);
    await refuses(swap('file', 'missing'), 'ENOENT');
    await refuses(swap('missing', 'file'), 'ENOENT');
    await refuses(
      posix.renameat2(path('file'), path('x'), RENAME_EXCHANGE | RENAME_NOREPLACE),
      'EINVAL',
    );
    await refuses(posix.renameat2(path('file'), path('x'), 1 << 20), 'EINVAL');
    expect(await posix.names(path())).toEqual(['file']);
  });

  suite.test('EXCHANGE across directories', ['exchange'], async ({ posix, path }) => {
    await posix.mkdir(path('a'));
    await posix.mkdir(path('b'));
    await posix.mkdir(path('a', 'inner'));
    await posix.writeFile(path('a', 'inner', 'deep'), 'deep');
    await posix.writeFile(path('b', 'file'), 'file');
    await posix.renameat2(path('a', 'inner'), path('b', 'file'), RENAME_EXCHANGE);
    expect(await posix.readText(path('a', 'inner'))).toBe('file');
    expect(await posix.readText(path('b', 'file', 'deep'))).toBe('deep');
    expect((await posix.stat(path('b', 'file', '..'))).ino).toBe((await posix.stat(path('b'))).ino);
  });
}

function places(suite: Suite): void {
  suite.test('to the same name', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'content');
    await posix.mkdir(path('directory'));
    await posix.rename(path('file'), path('file'));
    await posix.rename(path('directory'), path('directory'));
    expect(await posix.names(path())).toEqual(['directory', 'file']);
    expect(await posix.readText(path('file'))).toBe('content');
  });

  suite.test('two names of one file: nothing happens', ['hardLinks'], async ({ posix, path }) => {
    await posix.mkdir(path('directory'));
    await posix.writeFile(path('one'), 'content');
    await posix.link(path('one'), path('directory', 'two'));
    await posix.rename(path('one'), path('directory', 'two'));
    await posix.rename(path('directory', 'two'), path('one'));
    expect(await posix.names(path())).toEqual(['directory', 'one']);
    expect(await posix.names(path('directory'))).toEqual(['two']);
    expect((await posix.stat(path('one'))).nlink).toBe(2);
  });

  suite.test('renaming one of two names', ['hardLinks'], async ({ posix, path }) => {
    await posix.writeFile(path('one'), 'content');
    await posix.link(path('one'), path('two'));
    await posix.writeFile(path('victim'), 'victim');
    await posix.link(path('victim'), path('witness'));
    await posix.rename(path('one'), path('victim'));
    expect(await posix.names(path())).toEqual(['two', 'victim', 'witness']);
    expect((await posix.stat(path('victim'))).ino).toBe((await posix.stat(path('two'))).ino);
    expect((await posix.stat(path('two'))).nlink).toBe(2);
    expect((await posix.stat(path('witness'))).nlink).toBe(1);
    await posix.writeFile(path('two'), 'through two');
    expect(await posix.readText(path('victim'))).toBe('through two');
    expect(await posix.readText(path('witness'))).toBe('victim');
  });

  suite.test('a directory into itself', [], async ({ posix, path }) => {
    await posix.mkdir(path('a'));
    await posix.mkdir(path('a', 'b'));
    await posix.mkdir(path('a', 'b', 'c'));
    await refuses(posix.rename(path('a'), path('a', 'x')), 'EINVAL');
    await refuses(posix.rename(path('a'), path('a', 'b', 'c')), 'EINVAL');
    await refuses(posix.rename(path('a', 'b', 'c'), path('a')), 'ENOTEMPTY', 'EEXIST');
    await refuses(posix.rename(`${path('a')}/.`, path('x')), 'EBUSY', 'EINVAL');
    await refuses(posix.rename(`${path('a')}/..`, path('x')), 'EBUSY', 'EINVAL');
    // A name that only begins alike is another directory.
    await posix.mkdir(path('ab'));
    await posix.rename(path('a'), path('ab', 'a'));
    expect((await posix.stat(path('ab', 'a', 'b', 'c'))).kind).toBe('directory');
  });

  suite.test('.. of a moved directory is the new parent', [], async ({ posix, path }) => {
    await posix.mkdir(path('from'));
    await posix.mkdir(path('to'));
    await posix.mkdir(path('from', 'moved'));
    await posix.chdir(path('from', 'moved'));
    await posix.rename(path('from', 'moved'), path('to', 'there'));
    expect((await posix.stat('..')).ino).toBe((await posix.stat(path('to'))).ino);
    expect((await posix.getcwd()).toString()).toBe(path('to', 'there'));
  });

  suite.test('what is missing or in the way', [], async ({ posix, path }) => {
    await posix.writeFile(path('file'), 'x');
    await posix.mkdir(path('directory'));
    await refuses(posix.rename(path('missing'), path('file')), 'ENOENT');
    await refuses(posix.rename(path('missing'), path('missing')), 'ENOENT');
    await refuses(posix.rename(path('file'), path('missing', 'file')), 'ENOENT');
    await refuses(posix.rename(path('file'), path('file', 'x')), 'ENOTDIR');
    await refuses(posix.rename(path('file', 'x'), path('y')), 'ENOTDIR');
    await refuses(posix.rename(path('file'), `${path('new')}/`), 'ENOTDIR');
    await posix.rename(path('directory'), `${path('renamed')}/`);
    expect(await posix.names(path())).toEqual(['file', 'renamed']);
  });

  suite.test('a tree of 300 moves as one', [], async ({ posix, path }) => {
    await posix.mkdir(path('tree'));
    for (const sub of ['a', 'b', 'c']) {
      await posix.mkdir(path('tree', sub));
      await posix.createMany(path('tree', sub), 'file', 100);
      await posix.writeFile(path('tree', sub, 'named'), sub);
    }
    await posix.mkdir(path('elsewhere'));
    await posix.rename(path('tree'), path('elsewhere', 'moved'));
    for (const sub of ['a', 'b', 'c']) {
      const at = path('elsewhere', 'moved', sub);
      expect((await posix.names(at)).length).toBe(101);
      expect(await posix.readText(`${at}/named`)).toBe(sub);
      await refuses(posix.stat(path('tree', sub, 'named')), 'ENOENT');
    }
    // The old name is free for another tree.
    await posix.mkdir(path('tree'));
    await posix.mkdir(path('tree', 'a'));
    await posix.writeFile(path('tree', 'a', 'named'), 'new');
    expect(await posix.readText(path('elsewhere', 'moved', 'a', 'named'))).toBe('a');
    expect(await posix.readText(path('tree', 'a', 'named'))).toBe('new');
  });

  suite.test('a thousand renames of one file', [], async ({ posix, path, many }) => {
    const count = many(1000);
    await posix.writeFile(path('name-0'), 'content');
    const { ino } = await posix.stat(path('name-0'));
    const steps = Array.from(
      { length: count },
      (_, at) => ['rename', path(`name-${String(at)}`), path(`name-${String(at + 1)}`)] as const,
    );
    await posix.batch(steps);
    expect(await posix.names(path())).toEqual([`name-${String(count)}`]);
    expect((await posix.stat(path(`name-${String(count)}`))).ino).toBe(ino);
    expect(await posix.readText(path(`name-${String(count)}`))).toBe('content');
  });

  suite.test('only the case of a name changes', ['caseSensitive'], async ({ posix, path }) => {
    await posix.writeFile(path('File'), 'content');
    await posix.rename(path('File'), path('file'));
    expect(await posix.names(path())).toEqual(['file']);
    await posix.writeFile(path('FILE'), 'another');
    expect(await posix.readText(path('file'))).toBe('content');
  });
}

/** rename(2) and renameat2(2). */
export function rename(suite: Suite): void {
  describe('rename', () => {
    matrix(suite);
    flags(suite);
    places(suite);
    renameOpen(suite);
  });
}
