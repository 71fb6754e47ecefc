import { describe, expect, it } from 'vitest';
import { DokanError } from '../../lib/errors.js';
import type { Listing } from '../../lib/listing.js';
import type { MediaState } from '../../lib/operations.js';
import { IoFlags, release } from '../../lib/target.js';
import { becomes, buffer, drive, INTERVAL, open, pass, read } from './drive.js';
import {
  caller,
  deferred,
  failure,
  failureLater,
  harness,
  now,
  openNow,
  settled,
  type AnyOperations,
  type Harness,
} from './harness.js';

describe('a check', () => {
  it('is made before opens, at most once per interval', () => {
    const one = drive();
    for (let time = 0; time < 10; time += 1) openNow(one.dispatcher);
    expect(one.checks).toBe(1);
    pass(INTERVAL - 1);
    openNow(one.dispatcher);
    expect(one.checks).toBe(1);
    pass(1);
    openNow(one.dispatcher);
    openNow(one.dispatcher);
    expect(one.checks).toBe(2);
    expect(one.told).toEqual([]);
  });

  it('is made by the interval of the volume; 0 is before every open', () => {
    const one = drive({}, { mediaCheckInterval: 0 });
    for (let time = 0; time < 3; time += 1) openNow(one.dispatcher);
    expect(one.checks).toBe(3);
  });

  it('is not made before the volume is usable', async () => {
    let checks = 0;
    const checkMedia = (): string => {
      checks += 1;
      return 'present';
    };
    const { dispatcher } = harness({ createFile: () => undefined, checkMedia });
    now(dispatcher.getVolumeInformation(caller()));
    openNow(dispatcher);
    expect(checks).toBe(0);
    await dispatcher.mounted('/mnt');
    openNow(dispatcher);
    expect(checks).toBe(1);
  });

  it('is not made by requests on what is open', () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    pass();
    expect(now(read(one, file))).toBe(1);
    expect(one.checks).toBe(1);
  });

  const BY_PATH: [string, AnyOperations, (one: Harness) => unknown][] = [
    [
      'queryOpen',
      { queryOpen: () => ({}) },
      ({ dispatcher }) => dispatcher.queryOpen('/f', caller()),
    ],
    [
      'queryOpen without the callback',
      {},
      ({ dispatcher }) => dispatcher.queryOpen('/f', caller()),
    ],
    ['readLink', { readLink: () => 'to' }, ({ dispatcher }) => dispatcher.readLink('/f', caller())],
    [
      'createSymbolicLink',
      { createSymbolicLink: () => undefined },
      ({ dispatcher }) => dispatcher.createSymbolicLink('/f', 'to', caller()),
    ],
    [
      'createHardLink',
      { createHardLink: () => undefined },
      ({ dispatcher }) => dispatcher.createHardLink('/f', '/g', caller()),
    ],
    [
      'removeEntry',
      { removeEntry: () => undefined },
      ({ dispatcher }) => dispatcher.removeEntry('/f', false, caller()),
    ],
    [
      'exchangeFiles',
      { exchangeFiles: () => undefined },
      ({ dispatcher }) => dispatcher.exchangeFiles('/f', '/g', caller()),
    ],
    ['getDiskFreeSpace', {}, ({ dispatcher }) => dispatcher.getDiskFreeSpace(caller())],
    ['getVolumeInformation', {}, ({ dispatcher }) => dispatcher.getVolumeInformation(caller())],
  ];

  it.each(BY_PATH)('is made before %s, which fails while there is no medium', (_, more, ask) => {
    const one = drive(more);
    now(ask(one));
    expect(one.checks).toBe(1);
    one.answer = () => 'absent';
    pass();
    expect(failure(() => ask(one))).toBe('NO_MEDIA_IN_DEVICE');
    expect(one.checks).toBe(2);
    one.answer = () => 'present';
    pass();
    now(ask(one));
  });
});

describe('absent', () => {
  it('fails opens at once, and makes no more checks for it', () => {
    const one = drive();
    becomes(one, 'absent');
    const { checks } = one;
    one.journal.lines.length = 0;
    for (let time = 0; time < 10_000; time += 1) {
      expect(() => open(one)).toThrow(DokanError);
    }
    expect(one.checks).toBe(checks);
    expect(one.journal.lines).toEqual([]);
    expect(one.dispatcher.openCount).toBe(0);
    expect(one.dispatcher.outstandingCount).toBe(0);
    expect(one.told).toEqual(['absent']);
  });

  const REQUESTS: [string, (one: Harness, file: never) => unknown][] = [
    ['readFile', read],
    [
      'writeFile',
      ({ dispatcher }, file) => dispatcher.writeFile(file, '/f', buffer, 0, IoFlags.NONE, caller()),
    ],
    [
      'flushFileBuffers',
      ({ dispatcher }, file) => dispatcher.flushFileBuffers(file, '/f', IoFlags.NONE, caller()),
    ],
    [
      'getFileInformation',
      ({ dispatcher }, file) => dispatcher.getFileInformation(file, '/f', caller()),
    ],
    ['findFiles', ({ dispatcher }, file) => dispatcher.findFiles(file, '/f', undefined, caller())],
    ['setEndOfFile', ({ dispatcher }, file) => dispatcher.setEndOfFile(file, '/f', 0, caller())],
    [
      'setDisposition',
      ({ dispatcher }, file) => dispatcher.setDisposition(file, '/f', true, caller()),
    ],
    ['moveFile', ({ dispatcher }, file) => dispatcher.moveFile(file, '/f', '/g', true, caller())],
    ['lockFile', ({ dispatcher }, file) => dispatcher.lockFile(file, '/f', 0, 1, caller())],
  ];
  const ALL: AnyOperations = {
    writeFile: () => 16,
    findFiles: () => [],
    setEndOfFile: () => undefined,
    moveFile: () => undefined,
    lockFile: () => undefined,
  };

  it.each(REQUESTS)('%s of an open file fails, and works again when it is back', (_, ask) => {
    const one = drive(ALL);
    const file = openNow(one.dispatcher) as never;
    now(ask(one, file));
    becomes(one, 'absent');
    expect(failure(() => ask(one, file))).toBe('NO_MEDIA_IN_DEVICE');
    becomes(one, 'present');
    now(ask(one, file));
    expect(one.told).toEqual(['absent', 'present']);
  });

  it('open files get their cleanup and closeFile', () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    becomes(one, 'absent');
    one.journal.lines.length = 0;
    now(release(one.dispatcher, file, '/f', caller()));
    expect(one.journal.lines).toEqual(['cleanup /f', 'closeFile /f']);
    expect(one.dispatcher.openCount).toBe(0);
  });

  it('who only goes on with what is open finds out that the medium is back', () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    becomes(one, 'absent');
    one.answer = () => 'present';
    expect(failure(() => read(one, file))).toBe('NO_MEDIA_IN_DEVICE');
    pass();
    expect(now(read(one, file))).toBe(1);
  });

  it('who goes on with what is open does not wait for a check', async () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    becomes(one, 'absent');
    const back = deferred<MediaState>();
    one.answer = () => back.promise;
    pass();
    const { checks } = one;
    for (let time = 0; time < 3; time += 1) {
      expect(failure(() => read(one, file))).toBe('NO_MEDIA_IN_DEVICE');
    }
    expect(one.checks).toBe(checks + 1);
    back.resolve('present');
    await settled();
    expect(now(read(one, file))).toBe(1);
  });

  it('a listing that is being read breaks off, and goes on when it is back', () => {
    const one = drive({ findFiles: () => [{ name: 'a' }, { name: 'b' }].values() });
    const file = openNow(one.dispatcher);
    const found = one.dispatcher.findFiles(file, '/', undefined, caller());
    const listing = now(found) as Listing<unknown>;
    expect(now(listing.next())).toEqual({ name: 'a' });
    becomes(one, 'absent');
    expect(failure(() => listing.next())).toBe('NO_MEDIA_IN_DEVICE');
    becomes(one, 'present');
    expect(now(listing.next())).toEqual({ name: 'b' });
    expect(now(listing.next())).toBeUndefined();
  });

  it('what was being opened or asked for meanwhile fails, and is closed', async () => {
    const opening = deferred<undefined>();
    const looking = deferred<object>();
    const one = drive({ createFile: () => opening.promise, queryOpen: () => looking.promise });
    const opened = failureLater(open(one));
    const looked = failureLater(one.dispatcher.queryOpen('/f', caller()));
    one.answer = () => 'absent';
    pass();
    expect(failure(() => open(one))).toBe('NO_MEDIA_IN_DEVICE');
    opening.resolve(undefined);
    looking.resolve({});
    expect(await opened).toBe('NO_MEDIA_IN_DEVICE');
    expect(await looked).toBe('NO_MEDIA_IN_DEVICE');
    expect(one.journal.lines).toEqual(['cleanup /f', 'closeFile /f']);
    expect(one.dispatcher.openCount).toBe(0);
  });
});

describe('changed', () => {
  it('old opens fail for good, new ones work', () => {
    const one = drive();
    const old = openNow(one.dispatcher);
    one.answer = () => 'changed';
    pass();
    const fresh = openNow(one.dispatcher);
    one.answer = () => 'present';
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    expect(now(read(one, fresh))).toBe(1);
    becomes(one, 'absent');
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    expect(failure(() => read(one, fresh))).toBe('NO_MEDIA_IN_DEVICE');
    becomes(one, 'present');
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    expect(now(read(one, fresh))).toBe(1);
    expect(one.told).toEqual(['changed', 'absent', 'present']);
  });

  it('answered again means changed again', () => {
    const one = drive();
    one.answer = () => 'changed';
    const first = openNow(one.dispatcher);
    pass();
    const second = openNow(one.dispatcher);
    expect(failure(() => read(one, first))).toBe('WRONG_VOLUME');
    pass();
    openNow(one.dispatcher);
    expect(failure(() => read(one, second))).toBe('WRONG_VOLUME');
    expect(one.told).toEqual(['changed', 'changed', 'changed']);
  });

  it('while it was absent: what was open then is of the old one', () => {
    const one = drive();
    const old = openNow(one.dispatcher);
    becomes(one, 'absent');
    one.answer = () => 'changed';
    pass();
    expect(failure(() => read(one, old))).toBe('WRONG_VOLUME');
    expect(now(read(one, openNow(one.dispatcher)))).toBe(1);
  });

  it.each(['changed', 'absent'] as const)('%s: nothing is deleted by what was open', (state) => {
    const one = drive();
    const old = openNow(one.dispatcher);
    now(one.dispatcher.setDisposition(old, '/f', true, caller()));
    one.answer = () => state;
    pass();
    if (state === 'absent') expect(() => open(one)).toThrow();
    else openNow(one.dispatcher);
    one.journal.lines.length = 0;
    // Hosts say so themselves, just before.
    old.deletePending = true;
    now(release(one.dispatcher, old, '/f', caller()));
    expect(one.journal.lines).toEqual(['cleanup /f', 'closeFile /f']);
  });

  it('on a medium that is there, what is to be deleted is', () => {
    const one = drive();
    const file = openNow(one.dispatcher);
    now(one.dispatcher.setDisposition(file, '/f', true, caller()));
    one.journal.lines.length = 0;
    now(release(one.dispatcher, file, '/f', caller()));
    expect(one.journal.lines).toEqual(['cleanup /f delete', 'closeFile /f']);
  });

  it('what is told of a file that was open then is not believed', async () => {
    const informing = deferred<object>();
    const one = drive({ getFileInformation: () => informing.promise });
    const file = openNow(one.dispatcher);
    const informed = failureLater(one.dispatcher.getFileInformation(file, '/f', caller()));
    one.answer = () => 'changed';
    pass();
    openNow(one.dispatcher);
    informing.resolve({});
    expect(await informed).toBe('WRONG_VOLUME');
  });
});
