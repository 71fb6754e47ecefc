import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWindowsImagefs } from '../../conformance/bridged_targets.js';
import type { MountedTarget } from '../../conformance/targets.js';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { run } from '../../support/tools.js';
import { missingWine } from '../../support/wine.js';
import { checkImage, makeImage, missingFatTools, mtool } from './images.js';

const missing = missingWine() ?? missingFatTools;

describe.skipIf(missing !== undefined)(`an image on Windows ${missing ?? ''}`, () => {
  const temporary = temporaryDirectory();
  const image = join(temporary.path, 'disk.img');
  let target: MountedTarget | undefined;

  beforeAll(async () => {
    makeImage(image, 16 * 1024, '-F', '16', '-n', 'STICK');
    target = await openWindowsImagefs(image);
  }, 600_000);

  afterAll(async () => {
    await target?.close();
    temporary.remove();
  });

  const path = (...names: string[]): string => join(target!.mountPoint, ...names);

  it('is read and written', { timeout: 300_000 }, async () => {
    writeFileSync(path('Small.txt'), 'small\n');
    mkdirSync(path('A directory'));
    const large = Buffer.alloc(300_000, 'large');
    writeFileSync(path('A directory', 'größer 日本.bin'), large);
    renameSync(path('Small.txt'), path('A directory', 'renamed'));
    expect(readdirSync(path('A directory')).sort()).toEqual(['größer 日本.bin', 'renamed']);
    expect(readFileSync(path('a DIRECTORY', 'größer 日本.bin')).equals(large)).toBe(true);
    await run('rm', [path('A directory', 'größer 日本.bin')]);
    expect(statSync(path('A directory', 'RENAMED')).size).toBe(6);
  });

  it('that is taken away fails, and goes on when it is back', { timeout: 300_000 }, async () => {
    const read = (): string => {
      try {
        return readFileSync(path('A directory', 'renamed'), 'utf8');
      } catch (error) {
        return String((error as NodeJS.ErrnoException).errno);
      }
    };
    const ENOMEDIUM = '-123';
    renameSync(image, `${image}.away`);
    await eventually('the failure', () => read() === ENOMEDIUM, 60_000);
    renameSync(`${image}.away`, image);
    await eventually('the medium', () => read() === 'small\n', 60_000);
  });

  it('is sound afterwards', { timeout: 60_000 }, async () => {
    await target?.close();
    target = undefined;
    checkImage(image);
    expect(mtool('mtype', image, '::A directory/renamed')).toBe('small\n');
  });
});
