import { afterEach, expect, vi } from 'vitest';
import type { DispatcherOptions } from '../../lib/dispatcher_options.js';
import type { MediaState } from '../../lib/operations.js';
import { NtStatus } from '../../lib/status.js';
import { IoFlags, release } from '../../lib/target.js';
import {
  caller,
  failure,
  harness,
  Journal,
  OPEN,
  openNow,
  settled,
  type AnyOperations,
  type Harness,
} from './harness.js';

export const INTERVAL = 500;
export const buffer = Buffer.alloc(16);

const drives: Harness[] = [];

// Checks that never end would count as running, for the whole process.
afterEach(async () => {
  for (const { dispatcher } of drives.splice(0)) {
    void dispatcher.shutdown(NtStatus.VOLUME_DISMOUNTED);
  }
  await settled();
  vi.useRealTimers();
});

/** A drive whose contents a test chooses; time goes on only when the test says so. */
export interface Drive extends Harness {
  /** What the check answers or throws. */
  answer: () => unknown;
  checks: number;
  readonly told: MediaState[];
  readonly journal: Journal;
}

export function drive(
  operations: AnyOperations = {},
  options: Partial<DispatcherOptions> = {},
): Drive {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  const journal = new Journal();
  const made: Drive = {
    ...harness(
      {
        ...journal.operations,
        readFile: () => 1,
        getFileInformation: () => ({}),
        deleteFile: () => undefined,
        deleteDirectory: () => undefined,
        ...operations,
        checkMedia: () => {
          made.checks += 1;
          return made.answer();
        },
      },
      options,
    ),
    answer: () => 'present',
    checks: 0,
    told: [],
    journal,
  };
  made.dispatcher.onMediaChange((state) => made.told.push(state));
  drives.push(made);
  void made.dispatcher.mounted('/mnt');
  return made;
}

/** The next open asks. */
export function pass(milliseconds = INTERVAL): void {
  vi.advanceTimersByTime(milliseconds);
}

export const open = ({ dispatcher }: Harness, by = caller()): unknown =>
  dispatcher.createFile('/f', OPEN, by);
export const read = ({ dispatcher }: Harness, file: unknown): unknown =>
  dispatcher.readFile(file as never, '/f', buffer, 0, IoFlags.NONE, caller());

/** As often as the interval says: the present state, by an open. */
export function becomes(one: Drive, state: MediaState): void {
  one.answer = () => state;
  pass();
  if (state === 'absent') expect(failure(() => open(one))).toBe('NO_MEDIA_IN_DEVICE');
  else void release(one.dispatcher, openNow(one.dispatcher), '/f', caller());
}
