import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteKey, type Note } from '../../lib/mounts/note.js';
import { readNotes, removeFile, storeNote, sweepNotes } from '../../lib/mounts/notes.js';
import { thisProcess } from '../../lib/mounts/process_identity.js';
import { withoutRoot } from '../lifecycle/place.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary.js';
import { run } from '../support/tools.js';

let temporary: TemporaryDirectory;
let directory: string;
let note: Note;

beforeEach(async () => {
  temporary = temporaryDirectory();
  directory = temporary.directory('notes');
  note = {
    device: '0:50',
    mountPoint: '/mnt/a',
    user: '0',
    process: (await thisProcess()) ?? { id: process.pid, started: '' },
    command: ['node'],
    fileSystem: undefined,
    options: {},
    mountedAt: 1,
  };
});

afterEach(() => temporary.remove());

/** A process that is no more. */
const GONE = { id: 1, started: 'before' };

const read = async (): Promise<Note[]> => (await readNotes(directory)).map((stored) => stored.note);

describe('a stored note', () => {
  it('is read again, and is for its user alone', async () => {
    const path = await storeNote(directory, note);
    expect(await readNotes(directory)).toEqual([{ path, note }]);
    if (process.platform === 'linux') expect(await run('stat', ['-c', '%a', path])).toBe('600\n');
  });

  it('goes where the same mount has a newer one, and only there', async () => {
    const other = { ...note, mountPoint: '/mnt/b' };
    await storeNote(directory, other);
    await storeNote(directory, note);
    const newer = { ...note, mountedAt: 2 };
    await storeNote(directory, newer);
    expect(new Set(await read())).toEqual(new Set([other, newer]));
  });

  it('is removed by whoever wrote it without touching a newer one', async () => {
    const path = await storeNote(directory, note);
    const newer = { ...note, mountedAt: 2 };
    await storeNote(directory, newer);
    await removeFile(path);
    expect(await read()).toEqual([newer]);
  });

  it('is whole or not there while many are written', async () => {
    const writers = Array.from({ length: 40 }, (_, index) => ({
      ...note,
      mountPoint: `/mnt/${String(index % 4)}`,
      mountedAt: index,
    }));
    const reading = Promise.all(Array.from({ length: 40 }, read));
    await Promise.all(writers.map((each) => storeNote(directory, each)));
    for (const list of await reading) for (const each of list) expect(writers).toContainEqual(each);
    for (const name of readdirSync(directory)) expect(name).toMatch(/\.json$/);
  });

  it.skipIf(withoutRoot)('takes older ones away also when there is no room for it', async () => {
    // Room for the directory and one file.
    await run('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=2', 'none', directory]);
    await storeNote(directory, note);
    await expect(storeNote(directory, { ...note, mountedAt: 2 })).rejects.toHaveProperty(
      'code',
      'ENOSPC',
    );
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('files that are no notes', () => {
  const name = (): string => `${noteKey(note.device, note.mountPoint)}.0123456789abcdef.json`;

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['something else', '[]'],
    ['half a note', '{"format":1,"device":"0:50"'],
  ])('are passed over: %s', async (_what, text) => {
    writeFileSync(join(directory, name()), text);
    expect(await read()).toEqual([]);
  });

  it('are passed over when they are huge', async () => {
    const text = readFileSync(await storeNote(directory, note), 'utf8');
    writeFileSync(join(directory, name()), text + ' '.repeat(64 * 1024));
    expect(await read()).toHaveLength(1);
  });

  it('are passed over under a name that is not theirs', async () => {
    const path = await storeNote(directory, note);
    renameSync(
      path,
      join(
        directory,
        basename(path).replace(/^./, (first) => (first === '0' ? '1' : '0')),
      ),
    );
    expect(await read()).toEqual([]);
    writeFileSync(join(directory, 'other.json'), '{}');
    mkdirSync(join(directory, name()));
    expect(await read()).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('are passed over as links and as pipes', async () => {
    const path = await storeNote(directory, note);
    const elsewhere = join(temporary.path, 'elsewhere.json');
    renameSync(path, elsewhere);
    symlinkSync(elsewhere, path);
    // A pipe would keep whoever opens it waiting.
    await run('mkfifo', [join(directory, name())]);
    expect(await read()).toEqual([]);
  });
});

describe('sweeping', () => {
  const sweep = async (isMounted: boolean): Promise<Note[]> => {
    await sweepNotes(directory, await readNotes(directory), () => isMounted);
    return read();
  };

  it('removes what has neither mount nor process', async () => {
    await storeNote(directory, { ...note, process: GONE });
    expect(await sweep(false)).toEqual([]);
  });

  it('leaves what has a process: its mount is in a namespace of its own', async () => {
    await storeNote(directory, note);
    expect(await sweep(false)).toEqual([note]);
  });

  it('leaves what is mounted: its process is dead', async () => {
    await storeNote(directory, { ...note, process: GONE });
    expect(await sweep(true)).toHaveLength(1);
  });

  it('removes what was left unfinished, and not what is being written', async () => {
    const path = await storeNote(directory, note);
    // Two names, whatever random number the note has got.
    const other = path.replace(/.\.json$/, (end) => (end.startsWith('0') ? '1.json' : '0.json'));
    const [old, young] = [`${path}.tmp`, `${other}.tmp`];
    for (const file of [old, young]) writeFileSync(file, '{');
    const before = new Date(Date.now() - 3_600_000);
    utimesSync(old, before, before);
    await sweep(true);
    expect(readdirSync(directory).sort()).toEqual([basename(path), basename(young)].sort());
  });

  it('touches nothing that is not ours', async () => {
    await storeNote(directory, { ...note, process: GONE });
    writeFileSync(join(directory, 'other.json'), '{}');
    writeFileSync(join(directory, 'other.tmp'), '');
    await sweep(false);
    expect(readdirSync(directory).sort()).toEqual(['other.json', 'other.tmp']);
  });
});
