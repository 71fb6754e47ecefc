import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, runProgram } from '../../../support/tools.js';
import {
  freeDrive,
  missingDriver,
  RealVolume,
  scratchDirectory,
  type Scratch,
} from './real_volume.js';

const missing = missingDriver();

/** Robocopy's exit codes below this say what was done; from here on, what failed. */
const ROBOCOPY_FAILED = 8;

/** Every file below a directory, with its content. */
function tree(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(directory, path), readFileSync(path, 'base64')];
    }),
  );
}

function makeTree(directory: string): string {
  for (let number = 0; number < 40; number += 1) {
    const folder = join(directory, `folder ${String(number % 5)}`, 'größe');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${String(number)}.bin`), randomBytes(number * 1000));
  }
  return directory;
}

describe.skipIf(missing !== undefined)(`programs on mirrorfs ${missing ?? ''}`, () => {
  let scratch: Scratch;
  let volume: RealVolume;
  let source = '';
  const on = (name: string): string => join(volume.root, name);

  beforeAll(async () => {
    scratch = scratchDirectory();
    const backing = join(scratch.path, 'backing');
    mkdirSync(backing);
    source = makeTree(join(scratch.path, 'source'));
    volume = await RealVolume.start('mirrorfs', freeDrive(), ['--root', backing]);
  }, 120_000);
  afterAll(async () => {
    await volume.stop();
    scratch.remove();
  });

  const powershell = (script: string): Promise<string> =>
    run('powershell', ['-NoProfile', '-NonInteractive', '-Command', script]);

  test('git', { timeout: 300_000 }, async () => {
    const repository = on('repository');
    mkdirSync(repository);
    const git = (...args: string[]): Promise<string> =>
      run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: repository });
    await git('init', '--quiet');
    await git('config', 'core.autocrlf', 'false');
    makeTree(join(repository, 'tree'));
    await git('add', '.');
    await git('commit', '--quiet', '--message', 'first');
    await git('checkout', '--quiet', '-b', 'other');
    writeFileSync(join(repository, 'tree', 'more'), 'more\n');
    await git('add', '.');
    await git('commit', '--quiet', '--message', 'second');
    await git('checkout', '--quiet', '-');
    await git('gc', '--quiet');
    await git('fsck', '--strict');
    expect(await git('status', '--porcelain')).toBe('');
    await git('clone', '--quiet', repository, join(scratch.path, 'clone'));
    expect(tree(join(scratch.path, 'clone', 'tree'))).toEqual(tree(join(repository, 'tree')));
  });

  test('robocopy, to the drive and back', { timeout: 300_000 }, async () => {
    const back = join(scratch.path, 'back');
    for (const [from, to] of [
      [source, on('robocopy')],
      [on('robocopy'), back],
    ] as const) {
      const options = ['/E', '/COPY:DAT', '/DCOPY:T', '/R:0', '/W:0', '/NP'];
      const { code, stdout } = await runProgram('robocopy', [from, to, ...options]);
      if (code >= ROBOCOPY_FAILED) throw new Error(stdout);
    }
    expect(tree(back)).toEqual(tree(source));
    const file = join('folder 1', 'größe', 'file-1.bin');
    expect(statSync(join(back, file)).mtimeMs).toBe(statSync(join(source, file)).mtimeMs);
    // Nothing is left to do the second time.
    expect((await runProgram('robocopy', [source, on('robocopy'), '/E', '/R:0'])).code).toBe(0);
  });

  test('PowerShell', { timeout: 300_000 }, async () => {
    const answer = await powershell(
      [
        "$ErrorActionPreference = 'Stop'",
        `Copy-Item -Recurse '${source}' '${on('powershell')}'`,
        `Set-Content '${on('powershell\\text.txt')}' 'one' -NoNewline`,
        `Add-Content '${on('powershell\\text.txt')}' ' two' -NoNewline`,
        `$same = Get-FileHash '${on('powershell\\folder 3\\größe\\file-3.bin')}'`,
        `$hash = Get-FileHash '${join(source, 'folder 3', 'größe', 'file-3.bin')}'`,
        `$count = (Get-ChildItem -Recurse -File '${on('powershell')}').Count`,
        `Rename-Item '${on('powershell\\text.txt')}' 'renamed.txt'`,
        `$text = Get-Content '${on('powershell\\renamed.txt')}'`,
        `Remove-Item -Recurse '${on('powershell')}'`,
        `"$($same.Hash -eq $hash.Hash) $count $text $(Test-Path '${on('powershell')}')"`,
      ].join('; '),
    );
    expect(answer.trim()).toBe('True 41 one two False');
  });

  test('cmd', { timeout: 120_000 }, async () => {
    const work = on('cmd');
    mkdirSync(work);
    const script = [
      'echo one> a.txt',
      'copy /y a.txt b.txt >nul',
      'echo two>> b.txt',
      'ren b.txt c.txt',
      'md d',
      'move /y c.txt d >nul',
      'attrib +r d\\c.txt',
      'type d\\c.txt',
      'attrib -r d\\c.txt',
      'rd /s /q d',
      'dir /b',
    ].join(' && ');
    const answer = await run('cmd', ['/d', '/s', '/c', script], { cwd: work });
    expect(answer.trim().split(/\s+/)).toEqual(['one', 'two', 'a.txt']);
  });
});
