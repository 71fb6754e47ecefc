import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MountEntry } from 'node-dokan';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Note } from '../../../lib/mounts/note.js';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';
import { windowsPath } from '../../support/wine.js';
import { WindowsHost, type HostFailure } from './host_process.js';
import { describeWindows } from './scene.js';

/** Both processes see the mounts of the same machine. */
const MACHINE = { DOKAN_SIMULATOR_MACHINE: `ownership-${String(process.pid)}` };

describeWindows(
  "a volume of another process's",
  (bench) => {
    let temporary: TemporaryDirectory;
    /** A user of whom the owner of the volumes is another one: with notes of its own. */
    let stranger: WindowsHost;
    /** The same user in another process. */
    let user: WindowsHost;
    let notes = '';

    const start = (keeper: string, directory: string): Promise<WindowsHost> =>
      WindowsHost.start({
        keeper,
        env: { ...MACHINE, NODE_DOKAN_RUNTIME_DIR: windowsPath(directory) },
      });

    beforeAll(async () => {
      temporary = temporaryDirectory();
      notes = join(bench.host.directory, 'notes');
      user = await start('L:', notes);
      stranger = await start('N:', join(temporary.path, 'notes'));
    }, 600_000);

    afterAll(async () => {
      for (const host of [user, stranger]) await host.end(await host.simulator());
      temporary.remove();
    });

    const failure = async (order: Promise<{ error?: HostFailure }>): Promise<HostFailure> =>
      (await order).error ?? {};

    const entry = async (host: WindowsHost, point: string): Promise<MountEntry | undefined> =>
      ((await host.order('listMounts', { timeout: 10_000 })) as MountEntry[]).find(
        ({ mountPoint }) => mountPoint === point,
      );

    test('is refused when all sessions see it and no note tells whose it is', async () => {
      const scene = await bench.mount();
      for (const order of [
        stranger.ask('unmountAt', 'M:', {}),
        stranger.ask('unmountAt', 'm:\\', { force: true }),
        stranger.ask('mount', 'other', 'M:', { forceUnmount: true }, []),
      ]) {
        const error = await failure(order);
        expect(error).toMatchObject({ name: 'MountError', code: 'EPERM', mountPoint: 'M:' });
        expect(error.message).toMatch(
          /belongs to somebody else \(\\Device\\Volume.*all sessions\)/,
        );
        expect(error.cure).toContain('left alone');
        expect(error.cure).toContain("'allSessions'");
      }
      // It is as it was.
      await scene.close(await scene.open());
      expect(scene.host.events.some(({ event }) => event === 'closed')).toBe(false);
    });

    test('goes with allSessions, by an administrator', async () => {
      // Everybody is one under Wine.
      const scene = await bench.mount();
      await stranger.order('unmountAt', 'M:', { allSessions: true });
      expect(await scene.event('closed')).toMatchObject({ reason: 'ejected' });
      const next = await bench.mount();
      const options = { forceUnmount: true, allSessions: true };
      await stranger.order('mount', 'other', 'M:', options, []);
      expect(await next.event('closed')).toMatchObject({ reason: 'ejected' });
      await stranger.order('unmount', 'other', {});
    });

    test('goes when this user has a note of it', async () => {
      const scene = await bench.mount();
      await user.order('unmountAt', 'm:', {});
      expect(await scene.event('closed')).toMatchObject({ reason: 'ejected' });
      const next = await bench.mount();
      await user.order('mount', 'other', 'M:', { forceUnmount: true }, []);
      expect(await next.event('closed')).toMatchObject({ reason: 'ejected' });
      await user.order('unmount', 'other', {});
    });

    test("goes when it is this session's, without a note", async () => {
      const scene = await bench.mount({ currentSession: true });
      await stranger.order('unmountAt', 'M:', {});
      expect(await scene.event('closed')).toMatchObject({ reason: 'ejected' });
    });

    test('is described in the list by the note', async () => {
      const before = Date.now();
      await bench.mount({ volumeLabel: 'noted', fileSystemName: 'chosen', writeProtect: true });
      expect(await entry(stranger, 'M:')).toMatchObject({ volumeLabel: '', readOnly: true });
      expect(await entry(stranger, 'M:')).not.toHaveProperty('processId');
      const seen = await entry(user, 'M:');
      expect(seen).toMatchObject({
        ...{ volumeLabel: 'noted', readOnly: true, fileSystem: 'chosen' },
        processId: await bench.host.order('processId'),
        options: { volumeLabel: 'noted', fileSystemName: 'chosen', writeProtect: true },
      });
      expect(seen?.command?.join(' ')).toMatch(/node\.exe.*host\.mjs/);
      expect(new Date(seen!.mountedAt!).getTime()).toBeGreaterThanOrEqual(before - 1);
      expect(seen).not.toHaveProperty('sessionId');
      // Its own process knows how it is; no drive has really appeared for others to ask.
      expect(await entry(bench.host, 'M:')).toMatchObject({ state: 'live' });
      expect(seen).toMatchObject({ state: 'unknown' });
    });

    test('of one session tells which', async () => {
      await bench.mount({ currentSession: true });
      expect(await entry(user, 'M:')).toHaveProperty('sessionId');
    });

    test('is asked how it is', async () => {
      const folder = temporary.directory('mnt');
      const point = windowsPath(folder);
      await bench.mount({}, [], point);
      expect(await entry(stranger, point)).toMatchObject({ state: 'live' });
    });

    /** Mount points of which there is a note. */
    const noted = (): string[] =>
      readdirSync(notes)
        .filter((name) => name.endsWith('.json'))
        .map((name) => {
          try {
            return (JSON.parse(readFileSync(join(notes, name), 'utf8')) as Note).mountPoint;
          } catch {
            // It has just gone.
            return '';
          }
        });

    test('has its note until it is unmounted', async () => {
      await eventually('no other note', () => !noted().includes('M:'));
      const scene = await bench.mount();
      await eventually('the note', () => noted().includes('M:'));
      await scene.unmount();
      await eventually('the note to go', () => !noted().includes('M:'));
    });

    test('leaves its note to be swept when its process is killed', async () => {
      const other = await start('O:', notes);
      await eventually('the note', () => noted().includes('O:'));
      other.kill();
      await other.process.exit;
      await eventually('the note to be swept', async () => {
        await user.order('listMounts');
        return !noted().includes('O:');
      });
    });

    test('of this process is found in any spelling', async () => {
      const folder = temporary.directory('Folder');
      const point = windowsPath(folder);
      const scene = await bench.mount({}, [], point);
      // As its own: what is being answered is waited for.
      await bench.host.order('unmountAt', point.replace('Folder', 'fOLDER').toUpperCase(), {});
      expect(await scene.closed()).toBe('unmounted');
    });
  },
  { env: MACHINE },
);
