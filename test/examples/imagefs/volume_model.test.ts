import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temporary.js';
import { checkImage, faultsOf, KINDS, makeImage, MemoryImage, missingFatTools } from './images.js';
import { Comparison } from './model.js';

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

const SEEDS = [1, 2, 3, 4];
const STEPS = 400;

describe.skipIf(missingFatTools !== undefined)(`random operations ${missingFatTools ?? ''}`, () => {
  describe.each(KINDS)('%s', (kind, size, args) => {
    const empty = join(temporary.path, `${kind}.img`);
    const image = (): MemoryImage => {
      return new MemoryImage(empty);
    };

    it('is made', () => {
      makeImage(empty, size, ...args);
      expect(image().mount().geometry.kind).toBe(kind);
    });

    it.each(SEEDS)('does as the model does, seed %i', (seed) => {
      const disk = image();
      const comparison = new Comparison(disk.mount(), seed);
      for (let step = 0; step < STEPS; step += 1) {
        comparison.step();
        if (step % 40 !== 39) continue;
        expect(Comparison.tree(comparison.volume)).toEqual(comparison.expected());
        for (const [found, expected] of comparison.opens()) expect(found).toEqual(expected);
        // What is on the disk, not what is in memory.
        expect(Comparison.tree(disk.mount())).toEqual(comparison.expected());
        expect(disk.mount().freeBytes).toBe(comparison.volume.freeBytes);
      }
      comparison.closeAll();
      checkImage(disk.save(join(temporary.path, `${kind}-${String(seed)}.img`)));
    });

    it('fills up, and is whole again when all is deleted', () => {
      const disk = image();
      const volume = disk.mount();
      const { freeBytes } = volume;
      const data = Buffer.alloc(7777, 1);
      let count = 0;
      for (; count < 10_000; count += 1) {
        try {
          if (count % 50 === 0) volume.create(`/d${String(count)}`, true, 0);
          const directory = `/d${String(count - (count % 50))}`;
          const entry = volume.create(`${directory}/file ${String(count)}`, false, 0);
          volume.data.write(entry, data, 0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'DISK_FULL' });
          break;
        }
      }
      expect(volume.freeBytes).toBeLessThan(data.length + 2 * volume.geometry.clusterSize);
      checkImage(disk.save(join(temporary.path, `${kind}-full.img`)));
      for (const directory of volume.contents(volume.root).list()) {
        for (const entry of volume.contents(directory).list()) volume.remove(entry);
        volume.remove(directory);
      }
      expect(volume.freeBytes).toBe(freeBytes);
      checkImage(disk.save(join(temporary.path, `${kind}-empty.img`)));
    });

    it('stays sound wherever the process ends', () => {
      const cut = new Error('killed');
      const seen = new Set<string>();
      for (let writes = 1; writes < 400; writes += 7) {
        const disk = image();
        const comparison = new Comparison(disk.mount(), 17 + writes);
        let left = 150 + writes;
        disk.beforeWrite = () => {
          if (--left < 0) throw cut;
        };
        try {
          for (;;) comparison.step();
        } catch (error) {
          if (error !== cut) throw error;
        }
        const path = disk.save(join(temporary.path, `${kind}-cut.img`));
        for (const fault of faults(path)) seen.add(`${fault} (${comparison.latest})`);
        const tree = Comparison.tree(new MemoryImage(path).mount());
        for (const [name, contents] of comparison.untouched())
          expect(tree.get(name)).toBe(contents);
      }
      expect([...seen].filter((fault) => !HARMLESS.test(fault))).toEqual([]);
    });
  });
});

/**
 * What may be found of a volume whose process was killed: clusters that are nobody's or too many,
 * a second copy of the table or a number of free clusters that is behind; and of a file that was
 * being moved, both names, and what belonged to the directory it was in.
 */
const HARMLESS = new RegExp(
  [
    '^Reclaimed',
    '^Free cluster summary',
    '^Auto-correcting',
    '^FATs differ but appear to be intact',
    '^Using first FAT',
    'chain length is > ',
    "^(share clusters|Invalid '..' entry|File size is .* chain length is 0).*\\(move\\)",
  ].join('|'),
);

/** What fsck.fat finds, without its explanations. */
function faults(path: string): string[] {
  const ordinary = /^(fsck\.fat |.* files, |\/|Leaving |\s*$|.*Truncating|1\) |2\) |.*bytes\.$)/;
  return faultsOf(path)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !ordinary.test(line) || /chain length|Reclaimed/.test(line));
}
