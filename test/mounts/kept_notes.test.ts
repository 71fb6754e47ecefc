import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noteKey, type Note } from '../../lib/mounts/note.js';
import { eventually, within } from '../support/eventually.js';
import { detach, mountedOn } from '../support/mounts.js';
import { run } from '../support/tools.js';
import type { VolumeProcess } from '../support/volume_process.js';
import { LONG, MountScene, PATIENT } from './scene.js';

/** Its process is killed, and the kernel keeps the volume. */
async function kill(volume: VolumeProcess): Promise<void> {
  volume.kill();
  await volume.exit;
}

/** The only note there is, as it lies on the disk. */
function onlyNote(scene: MountScene): { path: string; note: Note } {
  const names = scene.noteNames();
  expect(names).toHaveLength(1);
  const path = join(scene.notes, names[0] ?? '');
  return { path, note: JSON.parse(readFileSync(path, 'utf8')) as Note };
}

function change(scene: MountScene, changes: Partial<Note>): void {
  const { path, note } = onlyNote(scene);
  writeFileSync(path, JSON.stringify({ ...note, ...changes }));
}

/** What a note adds to an entry. */
const NOTED = ['processId', 'command', 'fileSystem', 'options', 'mountedAt'];

describe.runIf(process.platform === 'linux')('a mount in the list', LONG, () => {
  it('has what its process wrote down', async () => {
    const scene = new MountScene();
    const before = Date.now();
    const options = { volumeLabel: 'notes', writeProtect: true, keepCache: false };
    const volume = await scene.start('mnt', 'ordinary', options);
    const entry = await scene.entry(volume.mountPoint, PATIENT);
    expect(entry).toMatchObject({
      ...{ mountPoint: volume.mountPoint, volumeLabel: 'notes', readOnly: true, state: 'live' },
      ...{ userId: process.getuid?.(), processId: volume.pid, fileSystem: 'NotesFileSystem' },
      options: { ...options, operationTimeout: null },
    });
    expect(entry).not.toHaveProperty('sessionId');
    expect(entry?.command?.slice(1)).toEqual(volume.child.spawnargs.slice(1));
    const mountedAt = new Date(entry!.mountedAt!).getTime();
    expect(mountedAt).toBeGreaterThanOrEqual(before);
    expect(mountedAt).toBeLessThanOrEqual(Date.now());
  });

  it('has the name of the file system by its option first', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt', 'ordinary', { fileSystemName: 'chosen' });
    expect(await scene.entry(volume.mountPoint, PATIENT)).toMatchObject({ fileSystem: 'chosen' });
  });

  it('is still known when its process was killed, and has no process then', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt', 'ordinary', { autoUnmount: false });
    await kill(volume);
    const entry = await scene.entry(volume.mountPoint, PATIENT);
    expect(entry).toMatchObject({ state: 'dead', fileSystem: 'NotesFileSystem' });
    expect(entry?.command?.slice(1)).toEqual(volume.child.spawnargs.slice(1));
    expect(entry).not.toHaveProperty('processId');
    // By everybody who asks, as often as it is asked.
    expect(await scene.entry(volume.mountPoint, PATIENT)).toEqual(entry);
  });

  it("is not mistaken for a process that has got the dead one's number", async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt', 'ordinary', { autoUnmount: false });
    await kill(volume);
    const { note } = onlyNote(scene);
    change(scene, { process: { ...note.process, id: process.pid } });
    const entry = await scene.entry(volume.mountPoint, PATIENT);
    expect(entry).toMatchObject({ state: 'dead', fileSystem: 'NotesFileSystem' });
    expect(entry).not.toHaveProperty('processId');
  });

  it.each<[string, (note: Note) => Partial<Note>]>([
    ['a dead process', ({ process: { id } }) => ({ process: { id, started: 'before' } })],
    ['another user', () => ({ user: '12345' })],
  ])('is not described by a note of %s', async (_what, wrong) => {
    const scene = new MountScene();
    const volume = await scene.start('mnt');
    change(scene, wrong(onlyNote(scene).note));
    const entry = await scene.entry(volume.mountPoint, PATIENT);
    expect(entry).toMatchObject({ state: 'live' });
    for (const field of NOTED) expect(entry).not.toHaveProperty(field);
  });

  it('is there without a note, and with one that makes no sense', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt');
    const { path } = onlyNote(scene);
    for (const text of ['', '{', 'x'.repeat(1_000_000)]) {
      writeFileSync(path, text);
      const entry = await scene.entry(volume.mountPoint, PATIENT);
      expect(entry).toMatchObject({ state: 'live', userId: process.getuid?.() });
      for (const field of NOTED) expect(entry).not.toHaveProperty(field);
    }
  });

  it('is not there because of a note', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt');
    const { note } = onlyNote(scene);
    const made = { ...note, mountPoint: scene.directory.directory('other') };
    const name = `${noteKey(made.device, made.mountPoint)}.0123456789abcdef.json`;
    writeFileSync(join(scene.notes, name), JSON.stringify(made));
    const list = await scene.list(PATIENT);
    expect(list.map(({ mountPoint }) => mountPoint)).toEqual([volume.mountPoint]);
  });
});

describe.runIf(process.platform === 'linux')('a note', LONG, () => {
  it.each([
    ['it unmounts', 'ordinary', 'SIGTERM'],
    ['its process exits', 'exits', 'SIGUSR2'],
    ['its process fails', 'throws', 'SIGUSR2'],
  ] as const)('is gone when %s', async (_what, behaviour, signal) => {
    const scene = new MountScene();
    const volume = await scene.start('mnt', behaviour);
    expect(scene.noteNames()).toHaveLength(1);
    volume.signal(signal);
    await within('its end', 20_000, volume.exit);
    expect(scene.noteNames()).toEqual([]);
  });

  it('is gone when somebody else unmounts', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt');
    detach(volume.mountPoint);
    await eventually('the note to go', () => scene.noteNames().length === 0);
  });

  it('of a killed process is swept by who lists once the mount is gone', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt', 'ordinary', { autoUnmount: false });
    await kill(volume);
    await scene.list(PATIENT);
    expect(scene.noteNames()).toHaveLength(1);
    detach(volume.mountPoint);
    await scene.list(PATIENT);
    expect(scene.noteNames()).toEqual([]);
  });

  it('of a killed process is swept by the next who mounts', async () => {
    const scene = new MountScene();
    const volume = await scene.start('mnt', 'ordinary', { autoUnmount: false });
    const [before] = scene.noteNames();
    await kill(volume);
    detach(volume.mountPoint);
    await scene.start('other');
    await eventually('the note to go', () => !scene.noteNames().includes(before ?? ''));
    expect(scene.noteNames()).toHaveLength(1);
  });

  it('tells of the volume that took the place of a dead one', async () => {
    const scene = new MountScene();
    const dead = await scene.start('mnt', 'ordinary', { autoUnmount: false, volumeLabel: 'dead' });
    await kill(dead);
    const options = { forceUnmount: true, volumeLabel: 'next' };
    const next = await scene.startAt(dead.mountPoint, 'ordinary', options);
    expect(await scene.entry(next.mountPoint, PATIENT)).toMatchObject({
      ...{ state: 'live', volumeLabel: 'next', processId: next.pid },
      options: { ...options, operationTimeout: null },
    });
    await eventually('one note to be left', () => scene.noteNames().length === 1);
  });
});

describe.runIf(process.platform === 'linux')('mounting does without a note', LONG, () => {
  const refused: [string, (scene: MountScene) => void][] = [
    ['a symbolic link', ({ notes, directory }) => symlinkSync(directory.directory('real'), notes)],
    ['a file', ({ notes }) => writeFileSync(notes, '')],
    [
      'open to others',
      ({ notes }) => {
        mkdirSync(notes);
        chmodSync(notes, 0o777);
      },
    ],
  ];

  it.each(refused)('where the directory is %s, and warns once', async (_what, prepare) => {
    const scene = new MountScene();
    prepare(scene);
    const volume = await scene.start('mnt');
    const entry = await scene.entry(volume.mountPoint, PATIENT);
    expect(entry).toMatchObject({ state: 'live' });
    for (const field of NOTED) expect(entry).not.toHaveProperty(field);
    await eventually('the warning', () => volume.stderr.includes('DOKAN_NO_NOTES'));
    expect(volume.stderr).toContain(scene.notes);
    expect(volume.stderr.match(/DOKAN_NO_NOTES/g)).toHaveLength(1);
  });

  it('warns once however many volumes there are, and still knows them itself', async () => {
    const scene = new MountScene();
    symlinkSync(scene.directory.directory('real'), scene.notes);
    const points = ['a', 'b', 'c'].map((name) => scene.directory.directory(name));
    const script = `
      import { listMounts, mount } from 'node-dokan';
      const points = process.argv.slice(1);
      const volumes = [];
      for (const point of points) volumes.push(await mount(point, {}, { volumeLabel: 'own' }));
      const list = await listMounts();
      for (const volume of volumes) await volume.unmount();
      const own = list.filter(({ mountPoint }) => points.includes(mountPoint));
      process.stdout.write(JSON.stringify(own.map(({ processId, options, fileSystem }) => ({
        isOurs: processId === process.pid, options, isNamed: fileSystem !== undefined,
      }))));
    `;
    const out = await run(
      'sh',
      [
        ...['-c', 'exec "$@" 2>&1', 'sh'],
        ...[process.execPath, '--input-type=module', '-e', script, ...points],
      ].map(String),
      { cwd: new URL('.', import.meta.url).pathname, env: scene.env },
    );
    expect(out.match(/DOKAN_NO_NOTES/g)).toHaveLength(1);
    const known = { isOurs: true, options: { volumeLabel: 'own' }, isNamed: false };
    expect(out).toContain(JSON.stringify([known, known, known]));
  });

  it('where the disk is full or cannot be written', async () => {
    const scene = new MountScene();
    // No directory above it.
    const volume = await scene.startAt(
      scene.directory.directory('mnt'),
      'ordinary',
      {},
      {
        NODE_DOKAN_RUNTIME_DIR: join(scene.directory.path, 'missing', 'notes'),
      },
    );
    expect(mountedOn(volume.mountPoint)).toBeDefined();
    await eventually('the warning', () => volume.stderr.includes('DOKAN_NO_NOTES'));
  });

  it('where the directory lies in the very volume', async () => {
    const scene = new MountScene();
    const point = scene.directory.directory('mnt');
    const volume = await scene.startAt(
      point,
      'ordinary',
      {},
      {
        NODE_DOKAN_RUNTIME_DIR: join(point, 'notes'),
      },
    );
    await eventually('the warning', () => volume.stderr.includes('it lies in the volume'));
    volume.signal('SIGTERM');
    expect(await within('its end', 20_000, volume.exit)).toMatchObject({ code: 0 });
  });

  it('that a volume mounted later covers, and ends all the same', async () => {
    const scene = new MountScene();
    mkdirSync(scene.notes, { mode: 0o700 });
    const script = `
      import { mount } from 'node-dokan';
      await mount(process.argv[1], {});
      await mount(process.argv[2], {}, { nonEmpty: true });
      process.exit(0);
    `;
    const point = scene.directory.directory('mnt');
    const args = ['--input-type=module', '-e', script, point, scene.notes];
    await run(process.execPath, args, {
      cwd: new URL('.', import.meta.url).pathname,
      env: scene.env,
      deadline: 20_000,
    });
    expect(mountedOn(point)).toBeUndefined();
    // Its note could not be reached any more.
    expect(scene.noteNames()).toHaveLength(1);
    await scene.list(PATIENT);
    expect(scene.noteNames()).toEqual([]);
  });
});
