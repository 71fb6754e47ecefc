import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { detach } from '../support/mounts.js';
import { VolumeProcess } from '../support/volume_process.js';
import { LONG, MountScene } from './scene.js';

const program = fileURLToPath(new URL('./programs/asking.mjs', import.meta.url));

/** A process with a mount of its own and an open file of another volume, which hangs since. */
async function inProcess(
  use: (process: VolumeProcess, asked: VolumeProcess, told: string) => Promise<void>,
): Promise<void> {
  const scene = new MountScene();
  const [own, next] = [scene.directory.directory('own'), scene.directory.directory('next')];
  const asked = await scene.start('asked');
  const hung = await scene.start('hung', 'file');
  const told = join(scene.directory.path, 'told');
  const args = [program, own, told, join(hung.mountPoint, 'file'), asked.mountPoint, next];
  const process = new VolumeProcess(own, args, scene.env);
  try {
    await process.line('ready');
    hung.signal('SIGSTOP');
    await use(process, asked, told);
  } finally {
    // Nothing that waits for it ends before.
    hung.kill();
    process.cleanUp();
    detach(next);
  }
}

// The kernel does not let go of a file before its volume has been told.
describe.runIf(process.platform === 'linux')('with a file of a volume that hangs', LONG, () => {
  it('another volume is found live', async () => {
    await inProcess(async (process) => {
      process.signal('SIGUSR1');
      expect(await process.line(/^state /, 30_000)).toBe('state live');
    });
  });

  it('a guard knows that its device has been closed, whatever is asked and mounted', async () => {
    await inProcess(async (process, asked, told) => {
      asked.signal('SIGSTOP');
      process.signal('SIGUSR1');
      await process.line('mounted next');
      process.signal('SIGUSR2');
      await process.line('closed');
      await eventually('the guard to know', () => existsSync(told), 8_000);
      expect(process.lines.filter((line) => line.startsWith('state '))).toEqual([]);
    });
  });
});
