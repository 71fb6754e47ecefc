import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MountOptions } from 'node-dokan';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary.js';
import { VolumeProcess } from '../../support/volume_process.js';
import { windowsPath } from '../../support/wine.js';
import type { ReplyOf } from '../../simulator/client.js';
import { describeWindows, type Opened, type Scene } from './scene.js';

const slowFile = fileURLToPath(new URL('./programs/slow_file.mjs', import.meta.url));

/** A read of a real file that does not come back, not even when it is cancelled: Wine cannot. */
interface HungRead {
  readonly opened: Opened;
  readonly reading: Promise<ReplyOf<'read'>>;
  /** Of the order, in the simulator's `timeouts`. */
  readonly id: number;
}

describeWindows(
  'real files that hang',
  (bench) => {
    let directory: TemporaryDirectory;
    let volume: VolumeProcess;
    let hold: string;
    let file: string;

    beforeEach(async () => {
      directory = temporaryDirectory();
      hold = join(directory.path, 'hold');
      const mountPoint = join(directory.path, 'mount');
      file = windowsPath(join(mountPoint, 'file'));
      mkdirSync(mountPoint);
      volume = new VolumeProcess(mountPoint, [slowFile, mountPoint, hold]);
      await eventually('the mount', () => volume.lines.includes('mounted'));
    });

    afterEach(async () => {
      goOn();
      volume.child.kill('SIGTERM');
      await volume.exit;
      directory.remove();
    });

    const goOn = (): void => rmSync(hold, { force: true });

    async function hang(scene: Scene): Promise<HungRead> {
      await scene.answer('createFile', { backing: { path: file, flags: 'r' } });
      const opened = await scene.open('\\f');
      writeFileSync(hold, '');
      const { nextId: id } = scene.simulator;
      const reading = scene.order('read', { ...opened, offset: 0, length: 64 });
      await eventually('the read to hang', async () => (await resets(scene, id)) > 0);
      return { opened, reading, id };
    }

    async function resets(scene: Scene, id: number): Promise<number> {
      const { resets: all } = await scene.simulator.must('timeouts');
      return all.filter(({ order }) => order === id).length;
    }

    /** Waits for a line of the library's debug log. */
    const logged = (line: RegExp): Promise<unknown> =>
      eventually(`the line ${String(line)}`, () => line.test(bench.host.process.stderr));

    const mount = (options: MountOptions = {}): Promise<Scene> =>
      bench.mount({ operationTimeout: 2_000, ...options });

    test('may take longer than the driver waits, and the volume lives', async () => {
      const scene = await mount();
      const { opened, reading, id } = await hang(scene);
      // Beyond operationTimeout, too.
      await eventually('the driver to be told to wait on', async () => {
        return (await resets(scene, id)) > 5;
      });
      // Meanwhile JavaScript is free.
      await scene.close(await scene.open('\\g'));
      goOn();
      expect((await reading).payload.toString()).toBe('slow data');
      await scene.close(opened);
    });

    test('trap: nobody hears of an ejection while all threads of Dokan wait for them', async () => {
      const scene = await mount({ singleThread: true });
      const { reading } = await hang(scene);
      await scene.must('unmountOutside', { mountPoint: 'M:' });
      expect((await reading).status).toBe(0xc000_0120);
      await logged(/M: is gone: 1 at work/);
      goOn();
      expect(await scene.event('closed')).toMatchObject({ reason: 'ejected' });
    });

    test("end a volume by force as callbacks do: 'forced'", async () => {
      const scene = await mount();
      const { reading } = await hang(scene);
      const unmounting = scene.unmount({ force: true });
      await logged(/M: is unmounted by force: 1 at work/);
      goOn();
      await unmounting;
      expect((await reading).status).toBe(0xc000_0120);
      expect(await scene.closed()).toBe('forced');
    });

    test('are waited for without force', async () => {
      const scene = await mount();
      const { opened } = await hang(scene);
      await scene.calls();
      const unmounting = scene.unmount();
      await scene.host.order('sync');
      expect(scene.host.events.some(({ event }) => event === 'closed')).toBe(false);
      goOn();
      await unmounting;
      expect(await scene.closed()).toBe('unmounted');
      expect(await scene.called()).toEqual(['cleanup /f', 'closeFile /f', 'unmounted']);
      expect(await scene.status('read', { ...opened, length: 1 })).toBe('NO_SUCH_DEVICE');
    });
  },
  { env: { NODE_DEBUG: 'node-dokan' } },
);
