import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LONGEST_NOTE,
  noteKey,
  parseNote,
  plainOptions,
  writeNote,
  type Note,
} from '../../lib/mounts/note.js';

const note: Note = {
  device: '0:50',
  mountPoint: '/mnt/a',
  user: '1000',
  process: { id: 42, started: 'boot 1' },
  command: ['node', 'main.js', '--x'],
  fileSystem: 'MemFs',
  options: { volumeLabel: 'x', writeProtect: true, timeout: 5 },
  mountedAt: 1_700_000_000_000,
};

describe('a note', () => {
  it('is read as it was written', () => {
    expect(parseNote(writeNote(note))).toEqual(note);
    const anonymous = { ...note, fileSystem: undefined };
    expect(parseNote(writeNote(anonymous))).toEqual(anonymous);
  });

  it('holds any text and any number', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, fc.array(text), fc.nat(), (mountPoint, label, command, mountedAt) => {
        const any = { ...note, mountPoint, command, options: { volumeLabel: label }, mountedAt };
        expect(parseNote(writeNote(any))).toEqual(any);
      }),
    );
    // Bytes that are no text.
    const bytes = { ...note, mountPoint: '/mnt/\udcff', options: { volumeLabel: '\udc80' } };
    expect(parseNote(writeNote(bytes))).toEqual(bytes);
  });

  it('knows of no end of time', () => {
    const endless = { ...note, options: { operationTimeout: Infinity, volumeLabel: 'Infinity' } };
    expect(parseNote(writeNote(endless))).toEqual(endless);
  });

  it.each([
    ['command', { command: ['node', 'x'.repeat(LONGEST_NOTE)] }, { command: ['node'] }],
    [
      'options',
      { options: { libraryPath: '€'.repeat(LONGEST_NOTE) } },
      { command: [], options: {} },
    ],
  ])('is cut to what is read again: %s', (_what, given, cut) => {
    const text = writeNote({ ...note, ...given });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LONGEST_NOTE);
    expect(parseNote(text)).toEqual({ ...note, ...cut });
  });

  it.each([
    ...['', 'null', '1', '"x"', '[]', '{}', '{"format":1}', '{', 'x'.repeat(100)],
    ...[
      { format: 2 },
      { device: 5 },
      { mountPoint: null },
      { user: 1000 },
      { process: 42 },
      { process: { id: -1, started: 'x' } },
      { process: { id: 1.5, started: 'x' } },
      { process: { id: 1 } },
      { command: 'node' },
      { command: [1] },
      { fileSystem: 5 },
      { fileSystem: null },
      { options: [] },
      { options: null },
      { options: { nested: {} } },
      { mountedAt: '2026' },
      { mountedAt: -1 },
      { mountedAt: 9e15 },
    ].map((wrong) => JSON.stringify({ ...JSON.parse(writeNote(note)), ...wrong })),
  ])('is none: %s', (text) => {
    expect(parseNote(text)).toBeUndefined();
  });

  it('survives any text', () => {
    fc.assert(fc.property(fc.json(), (text) => void parseNote(text)));
  });

  it('brings nothing that was not asked for', () => {
    const text = JSON.stringify({ ...JSON.parse(writeNote(note)), state: 'live', processId: 1 });
    expect(parseNote(text)).toEqual(note);
    const polluting = writeNote(note).replace('"options":{', '"options":{"__proto__":{"x":1},');
    expect(parseNote(polluting)).toBeUndefined();
  });
});

it('options are kept as far as they are text, numbers, and yes or no', () => {
  const given = {
    volumeLabel: 'x',
    timeout: 5,
    debug: false,
    volumeSecurityDescriptor: Buffer.from('x'),
    callback: () => 5,
    missing: undefined,
  };
  expect(plainOptions(given)).toEqual({ volumeLabel: 'x', timeout: 5, debug: false });
  expect(plainOptions(undefined)).toEqual({});
});

it('a key tells devices and places apart', () => {
  const keys = [
    noteKey('0:5', '/a'),
    noteKey('0:5', '/b'),
    noteKey('0:50', '/a'),
    noteKey('0:5', '/\udcff'),
    noteKey('0:5', '/\udcfe'),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(noteKey('0:5', '/a')).toBe(keys[0]);
});
