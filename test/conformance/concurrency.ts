import { describe, expect } from 'vitest';
import type { Posix } from '../support/posix.js';
import { pattern, sameBytes, type Scene, type Suite } from './suite.js';

const team = ({ helper }: Scene, size: number): Posix[] =>
  Array.from({ length: size }, () => helper());

/** Runs the same step in every process at once. */
const together = <T>(
  helpers: readonly Posix[],
  step: (helper: Posix, index: number) => Promise<T>,
): Promise<T[]> => Promise.all(helpers.map((helper, index) => step(helper, index)));

function files(suite: Suite): void {
  suite.test('eight processes write a file each', [], async (scene) => {
    const { posix, path } = scene;
    await together(team(scene, 8), async (helper, index) => {
      const fd = await helper.open(path(`file-${String(index)}`), 'WRONLY|CREAT');
      const data = pattern(100_000, index + 1);
      for (let part = 0; part < 10; part += 1) {
        await helper.write(fd, data.subarray(part * 10_000, (part + 1) * 10_000));
      }
      await helper.closeFd(fd);
    });
    for (let index = 0; index < 8; index += 1) {
      sameBytes(await posix.readFile(path(`file-${String(index)}`)), pattern(100_000, index + 1));
    }
  });

  for (const length of [512, 1000, 4096]) {
    const title = `eight processes write interleaved blocks of ${String(length)} bytes`;
    suite.test(title, [], async (scene) => {
      const { posix, path } = scene;
      await posix.writeFile(path('file'), '');
      const count = 60;
      await together(team(scene, 8), (helper, index) =>
        helper.writeRegions(path('file'), {
          start: index * length,
          stride: 8 * length,
          length,
          count,
          fill: index + 1,
        }),
      );
      const wanted = Buffer.alloc(8 * length * count);
      for (let block = 0; block < 8 * count; block += 1) {
        wanted.fill((block % 8) + 1, block * length, (block + 1) * length);
      }
      sameBytes(await posix.readFile(path('file')), wanted);
    });
  }

  suite.test('eight processes work in one directory', [], async (scene) => {
    const mistakes = await together(team(scene, 8), (helper, index) =>
      helper.churn(scene.path(), `worker-${String(index)}`, scene.many(60), index),
    );
    expect(mistakes.flat()).toEqual([]);
    expect(await scene.posix.names(scene.path())).toEqual([]);
  });

  suite.test('many processes create, the listing has all', [], async (scene) => {
    const { posix, path, many } = scene;
    const count = many(200);
    await together(team(scene, 8), (helper, index) =>
      helper.createMany(path(), `${String(index)}-`, count),
    );
    const names = await posix.names(path());
    expect(names.length).toBe(8 * count);
    expect(new Set(names).size).toBe(8 * count);
  });
}

function replacing(suite: Suite): void {
  suite.test('readers see the old or the new content, whole', ['atomicReplace'], async (scene) => {
    const { posix, path } = scene;
    const length = 100_000;
    await posix.writeFile(path('file'), Buffer.alloc(length, 'a'));
    const [writer, second, ...readers] = team(scene, 5) as [Posix, Posix, ...Posix[]];
    const answers = await Promise.all([
      writer.replaceMany(path('file'), 'first', 150, length),
      second.replaceMany(path('file'), 'second', 150, length),
      ...readers.map((reader) => reader.readWhole(path('file'), 150, length)),
    ]);
    expect(answers.slice(2).flat()).toEqual([]);
    expect(await posix.names(path())).toEqual(['file']);
    expect((await posix.stat(path('file'))).size).toBe(length);
  });

  suite.test('renames there and back lose nothing', [], async (scene) => {
    const { posix, path } = scene;
    await posix.mkdir(path('left'));
    await posix.mkdir(path('right'));
    const rounds = 50;
    await together(team(scene, 6), async (helper, index) => {
      const name = `file-${String(index)}`;
      await helper.writeFile(path('left', name), name);
      const there = ['rename', path('left', name), path('right', name)] as const;
      const back = ['rename', path('right', name), path('left', name)] as const;
      await helper.batch(Array.from({ length: rounds }, () => [there, back]).flat());
    });
    expect(await posix.names(path('right'))).toEqual([]);
    for (let index = 0; index < 6; index += 1) {
      const name = `file-${String(index)}`;
      expect(await posix.readText(path('left', name))).toBe(name);
    }
    expect((await posix.names(path('left'))).length).toBe(6);
  });
}

function exclusive(suite: Suite): void {
  suite.test('an exclusive create has one winner', [], async (scene) => {
    const won = await together(team(scene, 8), (helper) => helper.exclusiveWins(scene.path(), 150));
    const numbers = won.flat().sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 150 }, (_, number) => number));
  });

  suite.test('mkdir has one winner', [], async (scene) => {
    const won = await together(team(scene, 8), (helper) => helper.mkdirWins(scene.path(), 150));
    const numbers = won.flat().sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 150 }, (_, number) => number));
  });

  suite.test('an unlink has one winner', [], async (scene) => {
    const { posix, path } = scene;
    await posix.createMany(path(), 'file', 150);
    const names = (await posix.names(path())).map((name) => path(name));
    const won = await together(team(scene, 4), async (helper) => {
      let wins = 0;
      for (const name of names) {
        wins += await helper.unlink(name).then(
          () => 1,
          () => 0,
        );
      }
      return wins;
    });
    expect(won.reduce((sum, wins) => sum + wins, 0)).toBe(150);
    expect(await posix.names(path())).toEqual([]);
  });
}

/** Several processes at once. */
export function concurrency(suite: Suite): void {
  describe('concurrency', () => {
    files(suite);
    replacing(suite);
    exclusive(suite);
  });
}
