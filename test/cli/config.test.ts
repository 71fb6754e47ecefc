import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../lib/service/config.js';
import { specHash } from '../../lib/service/entry.js';
import { ConfigError } from '../../lib/service/errors.js';
import { exampleCommandLine } from '../../lib/service/example_command_line.js';

const FILE = '/etc/node-dokan/mounts.json';

function parse(...mounts: unknown[]) {
  return parseConfig(JSON.stringify({ mounts }), FILE);
}

function failure(text: string): ConfigError {
  try {
    parseConfig(text, FILE);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return expect.unreachable('it should have been refused');
}

const entry = { point: '/mnt', example: 'memfs' };

describe('a configuration', () => {
  test('has defaults for all but what is mounted where', () => {
    expect(parse(entry)).toEqual([
      {
        spec: {
          point: '/mnt',
          program: { example: 'memfs' },
          arguments: [],
          options: { forceUnmount: true, autoUnmount: false },
        },
        restart: 'on-failure',
        backOff: { initial: 1_000, maximum: 60_000, resetAfter: 60_000 },
        hungAfter: 30_000,
        restartWhenHung: false,
      },
    ]);
  });

  test('names modules relative to itself', () => {
    const [{ spec } = { spec: undefined }] = parse({
      point: '/mnt',
      module: '../a.mjs',
      options: { forceUnmount: false },
    });
    expect(spec).toMatchObject({
      program: { module: '/etc/a.mjs' },
      arguments: null,
      options: { forceUnmount: false },
    });
  });

  test('may begin with a byte order mark, and be empty', () => {
    expect(parseConfig('\ufeff{"mounts":[]}', FILE)).toEqual([]);
  });

  test.each([
    ['{', undefined, undefined],
    ['[]', undefined, 'options'],
    ['null', undefined, 'options'],
    ['{}', undefined, 'mounts'],
    ['{"mounts":{}}', undefined, 'mounts'],
    ['{"mounts":[],"mount":[]}', undefined, 'mount'],
    ['{"mounts":[null]}', 0, 'options'],
    ['{"mounts":[[]]}', 0, 'options'],
  ])('%s is refused', (text, index, field) => {
    expect(failure(text)).toMatchObject({
      code: 'ERR_SERVICE_CONFIG',
      file: FILE,
      entry: index,
      field,
    });
  });

  test.each([
    [{ point: undefined }, 'point'],
    [{ point: 'mnt' }, 'point'],
    [{ point: '/a\0b' }, 'point'],
    [{ point: 5 }, 'point'],
    [{ Point: '/mnt' }, 'Point'],
    [{ example: undefined }, 'example'],
    [{ example: 'ntfs' }, 'example'],
    [{ module: './a.mjs' }, 'example'],
    [{ example: undefined, module: '' }, 'module'],
    [{ arguments: '--size' }, 'arguments'],
    [{ arguments: [5] }, 'arguments'],
    [{ options: null }, 'options'],
    [{ options: { volumeLabel: '' } }, 'options.volumeLabel'],
    [{ options: { forceunmount: true } }, 'options.forceunmount'],
    [{ options: { directIo: true, keepCache: true } }, 'options.directIo'],
    [{ restart: 'no' }, 'restart'],
    [{ backOff: null }, 'backOff'],
    [{ backOff: 5 }, 'backOff'],
    [{ backOff: [] }, 'backOff'],
    [{ backOff: { initial: -1 } }, 'backOff.initial'],
    [{ backOff: { initial: 99 } }, 'backOff.initial'],
    [{ backOff: { maximum: 500 } }, 'backOff.maximum'],
    [{ backOff: { initial: 100_000 } }, 'backOff.initial'],
    [{ backOff: { max: 1 } }, 'max'],
    [{ hungAfter: '30 s' }, 'hungAfter'],
    [{ restartWhenHung: 1 }, 'restartWhenHung'],
  ])('%j is refused', (change, field) => {
    const text = JSON.stringify({
      mounts: [
        { point: '/other', example: 'memfs' },
        { ...entry, ...change },
      ],
    });
    const error = failure(text);
    expect(error).toMatchObject({ entry: 1, field });
    expect(error.message.startsWith(`${FILE}, mounts[1], ${field}: `)).toBe(true);
  });

  test('one place is mounted at once', () => {
    const error = failure(JSON.stringify({ mounts: [entry, { ...entry, point: '/mnt/' }] }));
    expect(error.message).toBe(`${FILE}, mounts[1], point: mounts[0] has it already: /mnt/`);
  });
});

test('what is mounted in the same way is the same, in whatever order it is written', () => {
  const hash = (more: object): string => specHash(parse({ ...entry, ...more })[0]!.spec);
  const one = hash({ options: { volumeLabel: 'a', altStreams: true } });
  expect(hash({ options: { altStreams: true, volumeLabel: 'a' }, restart: 'never' })).toBe(one);
  expect(hash({ options: { altStreams: true, volumeLabel: 'b' } })).not.toBe(one);
  expect(hash({ arguments: ['a', 'b'] })).not.toBe(hash({ arguments: ['b', 'a'] }));
});

test('options of an entry are options of its example', () => {
  const options = {
    volumeLabel: '-a b',
    writeProtect: true,
    altStreams: false,
    allowOther: false,
    extendedAttributes: true,
    operationTimeout: 5,
  };
  const [{ spec } = { spec: undefined }] = parse({
    ...entry,
    options,
    arguments: ['--size', '1G'],
  });
  expect(exampleCommandLine(spec!)).toEqual([
    ...['--size', '1G'],
    // The last one counts.
    ...[
      '--mount',
      '/mnt',
      '--force',
      '--no-auto-unmount',
      '--volume-label=-a b',
      '--write-protect',
      '--no-alt-streams',
    ],
    '--operation-timeout=5',
  ]);
});
