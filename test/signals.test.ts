import { afterEach, expect, it, vi } from 'vitest';
import { unmountOnSignal } from '../lib/signals.js';
import type { Closed, Volume } from '../lib/volume.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** As much of a volume as signals have to do with. @param failures - by attempt */
function fakeVolume(...failures: (Error | undefined)[]) {
  const asked: boolean[] = [];
  let close!: (closed: Closed) => void;
  const closed = new Promise<Closed>((resolve) => (close = resolve));
  const unmount = vi.fn(async (options: { force?: boolean } = {}) => {
    const failure = failures[asked.length];
    asked.push(options.force === true);
    await Promise.resolve();
    if (failure !== undefined) throw failure;
    close({ reason: 'unmounted' });
  });
  const end = () => close({ reason: 'ejected' });
  return { volume: { closed, unmount } as unknown as Volume, asked, closed, end };
}

/** Handlers of others, vitest's among them, stay out of it. */
const before = new Map(SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))]));

function handlers(signal: NodeJS.Signals) {
  return process
    .listeners(signal)
    .filter((handler) => !before.get(signal as 'SIGINT')!.has(handler));
}

function counts(): number[] {
  return SIGNALS.map((signal) => handlers(signal).length);
}

/** One that is mounted already. */
async function watch(volume: Volume): Promise<void> {
  const mounting = Promise.resolve(volume);
  unmountOnSignal(mounting);
  await mounting;
}

function raise(signal: (typeof SIGNALS)[number]): void {
  for (const handler of handlers(signal)) handler(signal);
}

afterEach(() => {
  vi.restoreAllMocks();
  expect(counts()).toEqual([0, 0, 0]);
});

it.each(SIGNALS)('%s unmounts all volumes that asked for it', async (signal) => {
  const [one, other] = [fakeVolume(), fakeVolume()];
  await watch(one.volume);
  await watch(other.volume);
  expect(counts()).toEqual([1, 1, 1]);
  raise(signal);
  await Promise.all([one.closed, other.closed]);
  expect([one.asked, other.asked]).toEqual([[false], [false]]);
});

it('takes a volume away that is in use', async () => {
  const { volume, asked, closed } = fakeVolume(new Error('busy'));
  await watch(volume);
  raise('SIGTERM');
  await closed;
  expect(asked).toEqual([false, true]);
});

it('warns when even that fails, and the handler stays', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const failure = new Error('really not');
  const { volume, asked, closed, end } = fakeVolume(new Error('busy'), failure);
  await watch(volume);
  raise('SIGINT');
  await vi.waitFor(() => expect(warn).toHaveBeenCalled());
  expect(warn.mock.calls).toEqual([[failure]]);
  expect(asked).toEqual([false, true]);
  expect(counts()).toEqual([1, 1, 1]);
  end();
  await closed;
});

it('listens as long as there is a volume', async () => {
  const [one, other] = [fakeVolume(), fakeVolume()];
  await watch(one.volume);
  await watch(other.volume);
  one.end();
  await one.closed;
  expect(counts()).toEqual([1, 1, 1]);
  raise('SIGHUP');
  await other.closed;
  expect(one.asked).toEqual([]);
  expect(other.asked).toEqual([false]);
});

it('a signal that comes while it is being mounted waits for it', async () => {
  const { volume, asked, closed } = fakeVolume();
  let mounted!: (volume: Volume) => void;
  unmountOnSignal(new Promise((resolve) => (mounted = resolve)));
  expect(counts()).toEqual([1, 1, 1]);
  raise('SIGINT');
  await Promise.resolve();
  expect(asked).toEqual([]);
  mounted(volume);
  await closed;
  expect(asked).toEqual([false]);
});

it('forgets what could not be mounted', async () => {
  const mounting = Promise.reject<Volume>(new Error('no such directory'));
  unmountOnSignal(mounting);
  raise('SIGTERM');
  await expect(mounting).rejects.toThrow('no such directory');
  await vi.waitFor(() => expect(counts()).toEqual([0, 0, 0]));
});
