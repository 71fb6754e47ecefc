import { afterEach, describe, expect, it, vi } from 'vitest';
import { CallbackError } from '../lib/errors.js';
import type { CloseReason, HostedVolume } from '../lib/hosts/host.js';
import type { UnmountOptions } from '../lib/options.js';
import { Volume } from '../lib/volume.js';
import { caller, failure, harness, Journal, openNow } from './dispatcher/harness.js';

function makeVolume(failing?: Error) {
  const journal = new Journal();
  const asked: boolean[] = [];
  let end!: (reason: CloseReason) => void;
  const ended = new Promise<CloseReason>((resolve) => (end = resolve));
  const hosted: HostedVolume = {
    mountPoint: '/mnt/real',
    ended,
    notify: {
      created: () => true,
      deleted: () => true,
      updated: () => true,
      renamed: () => true,
    },
    unmount: async (force) => {
      asked.push(force);
      await Promise.resolve();
      if (failing !== undefined && !force) throw failing;
      end(force ? 'forced' : 'unmounted');
    },
  };
  const { dispatcher } = harness({ ...journal.operations, queryOpen: () => ({}) });
  return { volume: new Volume(hosted, dispatcher), hosted, dispatcher, journal, asked, end };
}

const mistake = () => new CallbackError('readFile', '/f', new TypeError('oops'));

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a volume', () => {
  it('tells where it is and how it is doing', () => {
    const { volume, hosted, dispatcher } = makeVolume();
    expect(volume.mountPoint).toBe('/mnt/real');
    expect(volume.notify).toBe(hosted.notify);
    openNow(dispatcher);
    void dispatcher.queryOpen('/f', caller());
    expect(volume.openCount).toBe(1);
    expect(volume.statistics()).toEqual({
      createFile: { calls: 1, failures: 0, timeouts: 0 },
      queryOpen: { calls: 1, failures: 0, timeouts: 0 },
    });
  });

  it.each(['unmounted', 'ejected', 'forced', 'lost'] as const)(
    'is closed (%s) when its opens have been released',
    async (reason) => {
      const { volume, dispatcher, journal, end } = makeVolume();
      openNow(dispatcher, '/f');
      let closed = false;
      void volume.closed.then(() => (closed = true));
      await Promise.resolve();
      expect(closed).toBe(false);
      end(reason);
      expect(await volume.closed).toEqual({ reason });
      expect(journal.lines).toEqual(['createFile /f', 'cleanup /f', 'closeFile /f', 'unmounted']);
      expect(volume.openCount).toBe(0);
      expect(failure(() => dispatcher.queryOpen('/f', caller()))).toBe('VOLUME_DISMOUNTED');
    },
  );

  it.each([
    [undefined, false],
    [{}, false],
    [{ force: false }, false],
    [{ force: true }, true],
  ])('unmounts with %o', async (options, force) => {
    const { volume, asked, journal } = makeVolume();
    await volume.unmount(options);
    expect(asked).toEqual([force]);
    expect(journal.lines).toEqual(['unmounted']);
    expect(await volume.closed).toEqual({ reason: force ? 'forced' : 'unmounted' });
  });

  it.each<[unknown, string]>([
    [{ Force: true }, "Unknown option 'Force'; did you mean 'force'?"],
    [{ lazy: true }, "Unknown option 'lazy'"],
    [{ force: 1 }, "Expected true or false for option 'force' but was given 1 (number)"],
    [true, "Expected an object for option 'options' but was given true (boolean)"],
  ])('refuses to be unmounted with %o', async (options, message) => {
    const { volume, asked, end } = makeVolume();
    await expect(volume.unmount(options as UnmountOptions)).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message,
    });
    expect(asked).toEqual([]);
    end('ejected');
    await volume.closed;
  });

  it('that cannot be unmounted stays', async () => {
    const busy = new Error('busy');
    const { volume, journal } = makeVolume(busy);
    await expect(volume.unmount()).rejects.toBe(busy);
    expect(journal.lines).toEqual([]);
    await volume.unmount({ force: true });
    expect(journal.lines).toEqual(['unmounted']);
  });

  it('is unmounted when its scope ends', async () => {
    const { volume, asked, journal } = makeVolume();
    {
      await using scoped = volume;
      expect(scoped.openCount).toBe(0);
      expect(journal.lines).toEqual([]);
    }
    expect(asked).toEqual([false]);
    expect(journal.lines).toEqual(['unmounted']);
  });
});

describe("the 'error' event", () => {
  it('goes to whoever listens', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { volume } = makeVolume();
    const heard: unknown[] = [];
    volume.on('error', (error) => heard.push(error));
    const error = mistake();
    volume.report(error);
    expect(heard).toEqual([error]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('is a warning when nobody listens, and never thrown', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { volume } = makeVolume();
    const error = mistake();
    volume.report(error);
    expect(warn.mock.calls).toEqual([[error]]);
  });

  it.each<[string, unknown]>([
    ['an error', new Error('in the listener')],
    ['nothing', undefined],
    ['an object without prototype', Object.create(null)],
    ['a hostile proxy', new Proxy({}, { get: fight, getPrototypeOf: fight })],
  ])('survives a listener that throws %s', (_what, thrown) => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { volume } = makeVolume();
    volume.on('error', () => {
      throw thrown;
    });
    volume.report(mistake());
    expect(warn).toHaveBeenCalledOnce();
    const warning = warn.mock.calls[0]![0] as Error;
    expect(warning).toBeInstanceOf(Error);
    expect(Object.is(warning.cause, thrown)).toBe(true);
  });

  function fight(): never {
    throw new Error('touched');
  }
});
