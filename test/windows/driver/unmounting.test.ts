import { expect, test } from 'vitest';
import { statusName } from '../../../lib/status.js';
import { eventually } from '../../support/eventually.js';
import { describeWindows } from './scene.js';

/** More than the requests a test leaves unanswered: only a thread that is idle learns of the end. */
const THREADS = { env: { DOKAN_SIMULATOR_THREADS: '8' } };

describeWindows(
  'unmounting',
  (bench) => {
    test('open files have their cleanup and closeFile', async () => {
      const scene = await bench.mount();
      await scene.open('\\f');
      const two = await scene.open('\\g');
      await scene.must('cleanup', two);
      await scene.calls();
      await scene.unmount();
      expect(await scene.closed()).toBe('unmounted');
      expect((await scene.called()).sort()).toEqual([
        ...['cleanup /f', 'closeFile /f', 'closeFile /g', 'unmounted'],
      ]);
      expect(await scene.status('read', { ...two, length: 1 })).toBe('NO_SUCH_DEVICE');
    });

    test('trap: Unmounted comes once, whoever unmounts how often', async () => {
      const scene = await bench.mount();
      const [outside] = await Promise.all([
        scene.status('unmountOutside', { mountPoint: 'M:' }),
        scene.unmount(),
        scene.unmount({ force: true }),
      ]);
      // The others may have been faster.
      expect(['SUCCESS', 'NOT_FOUND']).toContain(outside);
      await scene.unmount();
      const calls = await scene.called();
      expect(calls.filter((call) => call === 'unmounted')).toHaveLength(1);
    });

    test('somebody else unmounts: ejected', async () => {
      const scene = await bench.mount();
      await scene.open();
      await scene.must('unmountOutside', { mountPoint: 'm:\\' });
      expect(await scene.event('closed')).toMatchObject({ reason: 'ejected' });
      expect((await scene.called()).slice(-3)).toEqual(['cleanup /f', 'closeFile /f', 'unmounted']);
      await scene.unmount();
      // The place is free.
      await bench.mount();
    });

    test.each([
      ['force', { force: true }, 'forced'],
      ['an ejection', undefined, 'ejected'],
    ])('with requests in flight, by %s: every thread comes back', async (_how, options, reason) => {
      const scene = await bench.mount();
      const opened = await scene.open();
      const held = ['readFile', 'writeFile', 'flushFileBuffers', 'getFileInformation'];
      for (const callback of held) await scene.answer(callback, { hold: 'for ever', watch: true });
      await scene.answer('createFile', { hold: 'for ever', watch: true });
      const orders = [
        scene.status('read', { ...opened, offset: 0, length: 1 }),
        scene.status('write', { ...opened, offset: 0 }, Buffer.from('x')),
        scene.status('flush', opened),
        scene.status('queryInformation', opened),
        scene.status('create', { name: '\\g', createDisposition: 1 }),
      ];
      for (const callback of [...held, 'createFile']) await scene.calling(callback);
      if (options === undefined) await scene.must('unmountOutside', { mountPoint: 'M:' });
      else await scene.unmount(options);
      expect(await Promise.all(orders)).toEqual(Array(5).fill('CANCELLED'));
      expect(await scene.event('closed')).toMatchObject({ reason });
      const signals = scene.host.events.filter(({ event }) => event === 'signal');
      expect(signals.length).toBe(5);
      await scene.idle();
      await scene.release('for ever');
      await eventually('the open to be closed', async () => (await scene.openCount()) === 0);
      await bench.mount();
    });

    test('a gentle one waits for the answers', async () => {
      const scene = await bench.mount();
      const opened = await scene.open();
      await scene.answer('writeFile', { hold: 'write' });
      const writing = scene.order('write', { ...opened, offset: 0 }, Buffer.from('x'));
      await scene.calling('writeFile');
      const unmounting = scene.unmount();
      // Dokan has failed it, yet the file system is not told that the volume is gone.
      expect(statusName((await writing).status)).toBe('CANCELLED');
      await scene.host.order('sync');
      expect(scene.host.events.some(({ callback }) => callback === 'unmounted')).toBe(false);
      await scene.release('write');
      await unmounting;
      expect((await scene.called()).slice(-3)).toEqual(['cleanup /f', 'closeFile /f', 'unmounted']);
    });

    test('trap: while all threads of Dokan wait for answers, nobody hears of an ejection', async () => {
      const scene = await bench.mount({ operationTimeout: 1_000, singleThread: true });
      const opened = await scene.open();
      await scene.answer('readFile', { hold: 'for ever' });
      const reading = scene.status('read', { ...opened, offset: 0, length: 1 });
      await scene.calling('readFile');
      await scene.must('unmountOutside', { mountPoint: 'M:' });
      expect(await reading).toBe('CANCELLED');
      // operationTimeout ends the wait.
      expect(await scene.event('closed')).toMatchObject({ reason: 'ejected' });
      await scene.release('for ever');
    });
  },
  THREADS,
);
