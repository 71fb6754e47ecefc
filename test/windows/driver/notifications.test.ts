import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { windowsPath } from '../../support/wine.js';
import { describeWindows } from './scene.js';

interface Recorded {
  readonly call: {
    readonly kind: 'create' | 'delete' | 'update' | 'xattr' | 'rename';
    readonly path: string;
    readonly newPath?: string;
    readonly isDirectory?: boolean;
  };
  readonly delivered: readonly object[];
}

const RECORDED = JSON.parse(
  readFileSync(new URL('../../data/transcripts/notifications.json', import.meta.url), 'utf8'),
) as Recorded[];

describeWindows('notifications', (bench) => {
  const delivered = async (count: number) => {
    const all = await eventually('the notifications', async () => {
      const { notifications } = await bench.simulator.must('notifications');
      return notifications.length >= count ? notifications : undefined;
    });
    return all.map(({ action, filter, path }) => ({ action, filter, path }));
  };
  const path = (full: string | undefined) => full?.slice(2).replaceAll('\\', '/');
  const METHODS = { create: 'created', delete: 'deleted', update: 'updated', rename: 'renamed' };

  // The package has no call of its own for extended attributes, and no prefix but the one it needs.
  const calls = RECORDED.filter(({ call }) => call.kind !== 'xattr' && call.path.startsWith('M:'));

  test.each(calls)(
    'as recorded: $call.kind $call.path $call.isDirectory',
    async ({ call, ...rest }) => {
      const scene = await bench.mount();
      const before = (await bench.simulator.must('notifications')).notifications.length;
      const { kind, isDirectory } = call;
      const args = [
        path(call.path),
        ...(kind === 'rename' ? [path(call.newPath)] : []),
        isDirectory,
      ];
      const method = METHODS[kind as keyof typeof METHODS];
      expect(await scene.host.order('notify', scene.name, method, ...args)).toBe(true);
      const all = await delivered(before + rest.delivered.length);
      expect(all.slice(before)).toEqual(rest.delivered);
    },
  );

  test('trap: two characters of a path are stripped, also on a folder', async () => {
    const temporary = temporaryDirectory();
    try {
      const point = windowsPath(temporary.path);
      const before = (await bench.simulator.must('notifications')).notifications.length;
      const scene = await bench.mount({}, [], point);
      expect(scene.mountPoint).toBe(point);
      await scene.host.order('notify', scene.name, 'updated', '/d/f\ud800');
      expect((await delivered(before + 1)).at(-1)?.path).toBe('\\d\\f\ud800');
      await scene.unmount();
      expect(await scene.host.order('notify', scene.name, 'updated', '/f')).toBe(false);
    } finally {
      await bench.clear();
      temporary.remove();
    }
  });

  test('many, in their order, also from within a callback', async () => {
    const before = (await bench.simulator.must('notifications')).notifications.length;
    const scene = await bench.mount();
    const opened = await scene.open();
    await scene.answer('flushFileBuffers', { hold: 'flush' });
    const flushing = scene.must('flush', opened);
    await scene.calling('flushFileBuffers');
    for (let index = 0; index < 200; index += 1) {
      void scene.host.order('notify', scene.name, 'created', `/${index}`, false);
    }
    const all = (await delivered(before + 200)).slice(before);
    expect(all.map((one) => one.path)).toEqual(Array.from(all, (_, index) => `\\${index}`));
    await scene.release('flush');
    await flushing;
  });

  test('of no path are refused', async () => {
    const scene = await bench.mount();
    expect(await scene.host.order('notify', scene.name, 'created', 'x', false)).toBe(false);
    expect(await scene.host.order('notify', scene.name, 'renamed', '/x', 'y', false)).toBe(false);
  });
});
