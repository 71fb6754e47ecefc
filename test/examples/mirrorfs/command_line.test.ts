import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseCommandLine, type MirrorArguments } from '../../../examples/mirrorfs/command_line.js';
import { pathBelow } from '../../../examples/mirrorfs/hidden_path.js';

let printed = '';

beforeEach(() => {
  printed = '';
  const collect = (text: string | Uint8Array): boolean => {
    printed += String(text);
    return true;
  };
  vi.spyOn(process.stderr, 'write').mockImplementation(collect);
  vi.spyOn(process.stdout, 'write').mockImplementation(collect);
});

afterEach(() => vi.restoreAllMocks());

function parse(line: string): MirrorArguments {
  return parseCommandLine(line === '' ? [] : line.split(' '));
}

function refuse(line: string): string {
  let error: unknown;
  try {
    parse(line);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(CommanderError);
  expect((error as CommanderError).exitCode).not.toBe(0);
  return printed;
}

test('without arguments the examples are shown at the default place', () => {
  const args = parse('');
  expect(args.root).toMatch(/examples[/\\]?$/);
  expect(args).toMatchObject({
    mount: process.platform === 'win32' ? 'M:' : './mnt',
    altStreams: true,
    extendedAttributes: true,
    defaultPermissions: true,
    passthrough: true,
    caseSensitive: process.platform !== 'win32',
    volumeLabel: 'mirrorfs',
    force: false,
    debug: false,
  });
});

test('every option arrives under the name of the library', () => {
  const line =
    '--root /r --mount /m --debug --stderr --no-alt-streams --write-protect --unc-name //s/n ' +
    '--removable --current-session --user-mode-lock --no-case-sensitive --network-unmount ' +
    '--driver-logs --ipc-batching --single-thread --timeout 5000 --allocation-unit-size 8192 ' +
    '--sector-size 4096 --volume-label L --force --allow-other --operation-timeout 100 ' +
    '--cache-timeout 0 --no-extended-attributes --no-passthrough --no-auto-unmount';
  expect(parse(line)).toEqual({
    root: '/r',
    mount: '/m',
    debug: true,
    stderr: true,
    altStreams: false,
    writeProtect: true,
    network: true,
    uncName: '//s/n',
    removable: true,
    currentSession: true,
    userModeLock: true,
    caseSensitive: false,
    networkUnmount: true,
    driverLogs: true,
    ipcBatching: true,
    singleThread: true,
    timeout: 5000,
    allocationUnitSize: 8192,
    sectorSize: 4096,
    volumeLabel: 'L',
    force: true,
    allowOther: true,
    autoUnmount: false,
    operationTimeout: 100,
    cacheTimeout: 0,
    extendedAttributes: false,
    defaultPermissions: true,
    passthrough: false,
  });
});

test('permissions are left to this program only where it serves its own user', () => {
  expect(parse('--no-default-permissions')).toMatchObject({ defaultPermissions: false });
  expect(refuse('--no-default-permissions --allow-other')).toContain('cannot be used with');
});

test('help is no error', () => {
  expect(() => parse('--help')).toThrow(expect.objectContaining({ exitCode: 0 }));
  expect(printed).toContain('--root');
});

test.each([
  ['--nonsense', "unknown option '--nonsense'"],
  ['--timeout soon', 'whole number'],
  ['--timeout 0', 'from 1'],
  ['--cache-timeout 1.5', 'whole number'],
  ['--mount', 'argument missing'],
  ['stray', 'too many arguments'],
  ['--mount-manager --current-session', 'cannot be used with'],
  ['--mount-manager --network', 'cannot be used with'],
  ['--mount-manager --unc-name x', 'cannot be used with'],
])('%s is refused: %s', (line, message) => {
  expect(refuse(line)).toContain(message);
});

describe('historic switches', () => {
  test('the classic command line', () => {
    expect(parse('/r c: /l z /t 1 /d /s /m')).toMatchObject({
      root: 'c:\\',
      mount: 'z:',
      singleThread: true,
      debug: true,
      stderr: true,
      removable: true,
    });
  });

  test.each([
    ['/l z:', { mount: 'z:' }],
    ['/l /mnt/x', { mount: '/mnt/x' }],
    ['/l C:\\mount\\dokan', { mount: 'C:\\mount\\dokan' }],
    ['/r C:\\test', { root: 'C:\\test' }],
    ['/t', { singleThread: true }],
    ['/t /d', { singleThread: true, debug: true }],
    ['/w', { writeProtect: true }],
    ['/o', { mountManager: true }],
    ['/c', { currentSession: true }],
    ['/n \\\\s\\n', { network: true, uncName: '\\\\s\\n' }],
    ['/f', { userModeLock: true }],
    ['/i 30000', { timeout: 30_000 }],
    ['/a 512', { allocationUnitSize: 512 }],
    ['/k 4096', { sectorSize: 4096 }],
    ['/v label', { volumeLabel: 'label' }],
    ['/v -label', { volumeLabel: '-label' }],
    ['/b', { caseSensitive: true }],
    ['/e', { driverLogs: true }],
    ['/g', { ipcBatching: true }],
    ['/x', { networkUnmount: true }],
    ['-r /a -L y -D', { root: '/a', mount: 'y:', debug: true }],
    ['/R /a /M', { root: '/a', removable: true }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toMatchObject(expected);
  });

  test('several threads are what there is anyway', () => {
    expect(parse('/t 5')).not.toHaveProperty('singleThread');
  });

  test('values of options are no switches', () => {
    expect(parse('--root /r --mount /m')).toMatchObject({ root: '/r', mount: '/m' });
    expect(parse('--root=/r /d')).toMatchObject({ root: '/r', debug: true });
  });

  test.each([
    ['/q', "unknown switch '/q'"],
    ['/debug', "unknown switch '/debug'"],
    ['/?', "unknown switch '/?'"],
    ['/r', "switch '/r' needs a value"],
    ['/i soon', 'whole number'],
    ['/o /n x', 'cannot be used with'],
    ['/o /c', 'cannot be used with'],
  ])('%s is refused: %s', (line, message) => {
    expect(refuse(line)).toContain(message);
  });
});

test('a mount point below the root is found out', () => {
  const place = mkdtempSync(join(realpathSync(tmpdir()), 'mirrorfs-test-'));
  try {
    mkdirSync(join(place, 'root', 'd'), { recursive: true });
    symlinkSync('root', join(place, 'link'));
    const root = join(place, 'root');
    expect(pathBelow(root, join(root, 'd', 'mnt'))).toBe('d/mnt');
    expect(pathBelow(join(place, 'link'), join(root, 'mnt'))).toBe('mnt');
    expect(pathBelow(root, join(place, 'link', 'mnt'))).toBe('mnt');
    // The mount point itself may be a link: what is mounted on is where it leads to.
    symlinkSync('d', join(root, 'inside'));
    expect(pathBelow(root, join(root, 'inside'))).toBe('d');
    symlinkSync(join('root', 'd'), join(place, 'into'));
    expect(pathBelow(root, join(place, 'into'))).toBe('d');
    expect(pathBelow(root, root)).toBeUndefined();
    expect(pathBelow(root, join(place, 'other'))).toBeUndefined();
    expect(pathBelow(root, place)).toBeUndefined();
    expect(pathBelow(root, join(place, 'rootlike'))).toBeUndefined();
  } finally {
    rmSync(place, { recursive: true });
  }
});
