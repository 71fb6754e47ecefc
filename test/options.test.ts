import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../lib/errors.js';
import { mount, unmount } from '../lib/mount.js';
import { resolveOptions, type MountOptions, type UnmountOptions } from '../lib/options.js';

type Name = keyof MountOptions;

const DEFAULTS: Record<Name, unknown> = {
  debug: false,
  stderr: false,
  altStreams: false,
  writeProtect: false,
  network: false,
  uncName: undefined,
  removable: false,
  mountManager: false,
  currentSession: false,
  userModeLock: false,
  caseSensitive: process.platform !== 'win32',
  networkUnmount: false,
  driverLogs: false,
  ipcBatching: false,
  singleThread: false,
  timeout: 0,
  allocationUnitSize: 4096,
  sectorSize: 512,
  volumeSecurityDescriptor: undefined,
  libraryPath: undefined,
  version: 231,
  forceUnmount: false,
  allSessions: false,
  operationTimeout: 60_000,
  mediaCheckInterval: 500,
  threads: 1,
  stateless: false,
  data: undefined,
  volumeLabel: undefined,
  fileSystemName: undefined,
  unmountOnSignal: false,
  entryTimeout: 1_000,
  attributeTimeout: 1_000,
  negativeTimeout: 0,
  cacheListings: true,
  keepCache: 'unchanged',
  directIo: false,
  noOpen: false,
  noOpendir: false,
  extendedAttributes: true,
  writebackCache: false,
  allowOther: false,
  defaultPermissions: true,
  autoUnmount: true,
  nonEmpty: false,
  readAhead: 0,
  pollTime: 40,
  passthrough: true,
};

const YEAR = 366 * 86_400_000;
const noNumbers = ['5', 5n, true, {}, [], NaN, -1, 1.5, -Infinity, null];
const noTexts = ['', 5, true, {}, null, 'a\0b'];

const FLAG_WRONG = [0, 1, 'true', null, {}, NaN];

const VALUES: Partial<Record<Name, { right: unknown[]; wrong: unknown[]; needs?: MountOptions }>> =
  {
    timeout: { right: [0, 1, 300_000], wrong: [...noNumbers, 300_001, Infinity] },
    allocationUnitSize: {
      right: [512, 4096, 1 << 20],
      wrong: [...noNumbers, 0, 256, 513, 1 << 21, 2 ** 32 + 512],
    },
    sectorSize: {
      right: [512, 4096],
      wrong: [...noNumbers, 0, 256, 1000, 1 << 21],
    },
    volumeSecurityDescriptor: {
      right: [Buffer.alloc(1), Buffer.alloc(16_384)],
      wrong: [Buffer.alloc(0), Buffer.alloc(16_385), new Uint8Array(20), 'O:BA', 5, null],
    },
    libraryPath: {
      right: ['C:\\x\\dokan2.dll', 'z:/dokan2.dll', '\\\\server\\share\\dokan2.dll'],
      wrong: [
        ...noTexts,
        'dokan2.dll',
        '.\\dokan2.dll',
        'C:dokan2.dll',
        '/lib/dokan2.dll',
        'C:\\a\0b',
      ],
    },
    version: { right: [200, 231, 65_535], wrong: [...noNumbers, 199, 65_536] },
    operationTimeout: {
      right: [1, 60_000, Number.MAX_SAFE_INTEGER, Infinity],
      wrong: [...noNumbers, 0, 2 ** 53],
    },
    mediaCheckInterval: {
      right: [0, 500, 86_400_000],
      wrong: [...noNumbers, 86_400_001, Infinity],
    },
    uncName: {
      right: ['\\\\server\\share', 'x'.repeat(63)],
      wrong: [...noTexts, 'x'.repeat(64)],
      needs: { network: true },
    },
    volumeLabel: { right: ['a', 'ü'.repeat(32)], wrong: [...noTexts, 'x'.repeat(33)] },
    fileSystemName: { right: ['NTFS', 'x'.repeat(10)], wrong: [...noTexts, 'x'.repeat(11)] },
    entryTimeout: { right: [0, 1, YEAR], wrong: [...noNumbers, YEAR + 1, Infinity] },
    attributeTimeout: { right: [0, 1, YEAR], wrong: [...noNumbers, YEAR + 1, Infinity] },
    negativeTimeout: { right: [0, 1, YEAR], wrong: [...noNumbers, YEAR + 1, Infinity] },
    keepCache: {
      right: [true, false, 'unchanged'],
      wrong: [0, 1, 'true', 'Unchanged', '', null, {}, NaN],
    },
    // Off, it needs no name, and takes none.
    network: { right: [true], wrong: FLAG_WRONG, needs: { uncName: '\\\\s\\x' } },
    readAhead: { right: [0, 65_536, 1_048_576], wrong: [...noNumbers, 1_048_577] },
    pollTime: { right: [0, 40, 1_000], wrong: [...noNumbers, 1_001] },
    threads: { right: [1, 2, 64], wrong: [...noNumbers, 0, 65] },
    // It is between the program and its module.
    data: { right: [0, 'text', { root: '/' }, Buffer.alloc(1)], wrong: [] },
  };

function refused(given: unknown): OptionError {
  try {
    resolveOptions(given);
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return error as OptionError;
  }
  throw new Error('expected an OptionError');
}

it('has a default for everything', () => {
  expect(resolveOptions(undefined)).toEqual(DEFAULTS);
  expect(resolveOptions({})).toEqual(DEFAULTS);
  expect(Object.keys(resolveOptions({})).sort()).toEqual(Object.keys(DEFAULTS).sort());
});

it('takes undefined for not given', () => {
  const given = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, undefined]));
  expect(resolveOptions(given)).toEqual(DEFAULTS);
});

it('leaves what it was given alone', () => {
  const given = Object.freeze({ debug: true });
  expect(resolveOptions(given)).toEqual({ ...DEFAULTS, debug: true });
  expect(given).toEqual({ debug: true });
});

describe.each(Object.keys(DEFAULTS) as Name[])('%s', (name) => {
  const values = VALUES[name] ?? { right: [true, false], wrong: FLAG_WRONG };

  it('takes what is right', () => {
    for (const value of values.right) {
      expect(resolveOptions({ ...values.needs, [name]: value })).toEqual({
        ...DEFAULTS,
        ...values.needs,
        [name]: value,
      });
    }
  });

  it('refuses what is wrong, with name and value', () => {
    for (const value of values.wrong) {
      const error = refused({ ...values.needs, [name]: value });
      expect(error).toMatchObject({
        name: 'OptionError',
        code: 'ERR_INVALID_OPTION',
        option: name,
      });
      expect(error.message).toMatch(
        new RegExp(`^Expected .+ for option '${name}' but was given .+`),
      );
    }
  });
});

describe('contradictions', () => {
  it.each<[MountOptions, Name, string]>([
    [{ network: true, uncName: '\\\\s\\x', mountManager: true }, 'network', 'mountManager'],
    [{ mountManager: true, currentSession: true }, 'mountManager', 'currentSession'],
    [{ directIo: true, writebackCache: true }, 'directIo', 'writebackCache'],
    [{ directIo: true, keepCache: true }, 'directIo', 'keepCache'],
    [{ noOpen: true, directIo: true }, 'noOpen', 'directIo'],
    [{ noOpen: true, userModeLock: true }, 'noOpen', 'userModeLock'],
    [{ noOpen: true, threads: 2 }, 'noOpen', 'stateless'],
    [{ noOpendir: true, threads: 2, stateless: true }, 'threads', 'noOpendir'],
    [{ network: true }, 'network', 'uncName'],
    [{ uncName: '\\\\s\\x' }, 'uncName', 'network'],
    [{ uncName: '\\\\s\\x', network: false }, 'uncName', 'network'],
    [{ sectorSize: 8192 }, 'sectorSize', 'allocationUnitSize'],
    [{ sectorSize: 1024, allocationUnitSize: 512 }, 'sectorSize', 'allocationUnitSize'],
  ])('%o', (options, option, other) => {
    const error = refused(options);
    expect(error.option).toBe(option);
    expect(error.message).toContain(`'${other}'`);
  });

  it('are none as long as one of both is off', () => {
    expect(resolveOptions({ directIo: true, keepCache: false })).toHaveProperty('directIo', true);
    expect(resolveOptions({ noOpen: true, stateless: true, threads: 2 })).toBeDefined();
    expect(resolveOptions({ mountManager: false, currentSession: true })).toBeDefined();
    expect(resolveOptions({ sectorSize: 8192, allocationUnitSize: 8192 })).toBeDefined();
  });
});

describe('unknown names', () => {
  it.each([
    ['VolumeLabel', 'volumeLabel'],
    ['volume_label', 'volumeLabel'],
    ['volume-label', 'volumeLabel'],
    ['DIRECTIO', 'directIo'],
    ['uncname', 'uncName'],
  ])('%s: did you mean %s?', (name, meant) => {
    expect(refused({ [name]: true })).toMatchObject({
      option: name,
      message: `Unknown option '${name}'; did you mean '${meant}'?`,
    });
  });

  it.each(['colour', '', '123', 'toString', 'constructor', '__proto__'])('%s: no idea', (name) => {
    const given = Object.fromEntries([[name, true]]);
    expect(refused(given).message).toBe(`Unknown option '${name}'`);
  });

  it('are refused also without a value', () => {
    expect(refused({ colour: undefined }).option).toBe('colour');
  });
});

it.each([null, 5, 'debug', true, [], () => undefined])('%o is no options', (given) => {
  expect(refused(given).message).toMatch(/^Expected an object for option 'options'/);
});

it('answers anything with options or an OptionError', () => {
  const names = fc.constantFrom(...Object.keys(DEFAULTS), 'x');
  fc.assert(
    fc.property(
      fc.dictionary(names, fc.anything({ withBigInt: true, withDate: true })),
      (given) => {
        try {
          expect(Object.keys(resolveOptions(given)).sort()).toEqual(Object.keys(DEFAULTS).sort());
        } catch (error) {
          expect(error).toBeInstanceOf(OptionError);
        }
      },
    ),
  );
});

describe('unmount()', () => {
  it.each<[unknown, string]>([
    [{ forced: true }, "Unknown option 'forced'"],
    [{ FORCE: true }, "Unknown option 'FORCE'; did you mean 'force'?"],
    [{ force: 'yes' }, 'Expected true or false for option \'force\' but was given "yes" (string)'],
    [[], "Expected an object for option 'options' but was given []"],
  ])('refuses %o', async (options, message) => {
    const work = unmount('/nowhere/at/all', options as UnmountOptions);
    await expect(work).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', message });
  });
});

describe('mount() with threads', () => {
  it('refuses data of which they cannot be given a copy', async () => {
    const nowhere = new URL('file:///nowhere/at/all.mjs');
    const data = { log: () => undefined };
    const work = mount('/nowhere/at/all', nowhere, { threads: 2, data });
    await expect(work).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'data' });
  });
});
