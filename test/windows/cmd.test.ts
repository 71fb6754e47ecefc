import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWindowsMemfs } from '../conformance/bridged_targets.js';
import { pattern } from '../conformance/suite.js';
import type { MountedTarget } from '../conformance/targets.js';
import { missingWine } from '../support/wine.js';
import { DrivePrefix } from './drive_prefix.js';

const missing = missingWine();

/** Wine's own programs see the volume of the Windows process as a drive. */
describe.skipIf(missing !== undefined)(`cmd.exe on a drive ${missing ?? ''}`, () => {
  let target: MountedTarget;
  let prefix: DrivePrefix;

  beforeAll(async () => {
    target = await openWindowsMemfs();
    prefix = await DrivePrefix.make('X:', target.directory);
  }, 120_000);

  afterAll(async () => {
    await prefix.close();
    await target.close();
  });

  const at = (...names: string[]): string => join(target.directory, ...names);

  /** What the commands print; they must succeed. */
  async function cmd(...commands: string[]): Promise<string> {
    const { code, stdout, stderr } = await prefix.cmd(...commands);
    expect({ code, stderr, stdout }).toMatchObject({ code: 0 });
    return stdout;
  }

  test('dir shows names, sizes and kinds', async () => {
    mkdirSync(at('dir'));
    mkdirSync(at('dir', 'sub'));
    writeFileSync(at('dir', 'Long Name né語.txt'), 'x'.repeat(12_345));
    writeFileSync(at('dir', 'other.dat'), '');
    const lines = (await cmd('dir X:\\dir')).split('\n');
    const row = (name: string): string => lines.find((line) => line.trim().endsWith(name)) ?? '';
    expect(row('sub')).toContain('<DIR>');
    expect(row('other.dat')).toMatch(/ 0 +other\.dat/);
    // The console's code page has no such letters, but the sizes are there.
    expect(lines.join('\n')).toContain('12,345');
    expect((await cmd('dir /b X:\\dir\\*.dat')).trim()).toBe('other.dat');
    expect((await cmd('dir /b X:\\DIR\\OTHER.DAT')).trim().toLowerCase()).toBe('other.dat');
  });

  test('echo into a file, type it', async () => {
    await cmd('echo hello> X:\\echo.txt');
    expect(await cmd('type X:\\echo.txt')).toContain('hello');
    expect(readFileSync(at('echo.txt'), 'utf8')).toBe('hello\r\n');
    await cmd('echo again>> X:\\echo.txt');
    expect(readFileSync(at('echo.txt'), 'utf8')).toBe('hello\r\nagain\r\n');
  });

  test('copy within the drive, onto it and from it', async () => {
    const content = pattern(300_000, 4);
    writeFileSync(at('source.bin'), content);
    await cmd('copy X:\\source.bin X:\\target.bin');
    expect(readFileSync(at('target.bin')).equals(content)).toBe(true);
    expect(statSync(at('target.bin')).mtimeMs).toBeCloseTo(statSync(at('source.bin')).mtimeMs, -1);
    const outside = `Z:${target.elsewhere.replaceAll('/', '\\')}\\outside.bin`;
    await cmd(`copy X:\\source.bin ${outside}`, `copy ${outside} X:\\back.bin`);
    expect(readFileSync(join(target.elsewhere, 'outside.bin')).equals(content)).toBe(true);
    expect(readFileSync(at('back.bin')).equals(content)).toBe(true);
  });

  test('ren and move', async () => {
    mkdirSync(at('from'));
    mkdirSync(at('to'));
    writeFileSync(at('from', 'file'), 'content');
    await cmd('ren X:\\from\\file renamed', 'move X:\\from\\renamed X:\\to\\moved');
    expect(readdirSync(at('from'))).toEqual([]);
    expect(readFileSync(at('to', 'moved'), 'utf8')).toBe('content');
    await cmd('move X:\\to X:\\gone');
    expect(existsSync(at('to'))).toBe(false);
    expect(readdirSync(at('gone'))).toEqual(['moved']);
  });

  test('md, rd and del', async () => {
    await cmd('md X:\\tree\\a\\b', 'echo 1> X:\\tree\\a\\one.txt', 'echo 2> X:\\tree\\a\\two.dat');
    expect(readdirSync(at('tree', 'a')).sort()).toEqual(['b', 'one.txt', 'two.dat']);
    await cmd('del X:\\tree\\a\\*.txt');
    expect(readdirSync(at('tree', 'a')).sort()).toEqual(['b', 'two.dat']);
    await prefix.cmd('rd X:\\tree\\a');
    expect(readdirSync(at('tree', 'a')).sort(), 'after rd of what is not empty').toEqual([
      'b',
      'two.dat',
    ]);
    await cmd('rd X:\\tree\\a\\b', 'rd /s /q X:\\tree');
    expect(existsSync(at('tree'))).toBe(false);
  });

  test('attrib: a read-only file is not written', async () => {
    writeFileSync(at('locked.txt'), 'content');
    await cmd('attrib +r X:\\locked.txt');
    expect(await cmd('attrib X:\\locked.txt')).toMatch(/^A? +R/);
    expect(statSync(at('locked.txt')).mode & 0o777).toBe(0o444);
    await prefix.cmd('echo new> X:\\locked.txt');
    expect(readFileSync(at('locked.txt'), 'utf8')).toBe('content');
    await cmd('attrib -r X:\\locked.txt', 'echo new> X:\\locked.txt', 'del X:\\locked.txt');
    expect(existsSync(at('locked.txt'))).toBe(false);
  });

  test('the drive as the current one', async () => {
    const shown = await cmd('X:', 'md here', 'cd here', 'echo x> y', 'cd', 'dir /b');
    expect(shown.toUpperCase()).toContain('X:\\HERE');
    expect(readFileSync(at('here', 'y'), 'utf8')).toMatch(/^x ?\r\n$/);
  });
});
