import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { OwnUse } from '../../../lib/hosts/fuse/own_use.js';
import { warnOfOwnUse } from '../../../lib/hosts/own_use.js';
import { dispatched, type Dispatched } from './harness.js';
import { body, cString } from './kernel.js';

let warned: MockInstance<typeof process.emitWarning>;
let all: Dispatched;

beforeEach(() => {
  warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  all = dispatched({ queryOpen: () => ({ size: 0 }), createFile: () => 'opened' });
  all.kernel.session.ownUse = new OwnUse(() => warnOfOwnUse('/a/volume'));
});

afterEach(() => {
  warned.mockRestore();
});

const lookUp = (pid: number): void => {
  all.kernel.asker.pid = pid;
  all.kernel.ask('LOOKUP', 1, cString('a'));
};

describe('a process that uses its own volume', () => {
  it('is warned once, with the volume and the cure', () => {
    for (let turn = 0; turn < 3; turn += 1) lookUp(process.pid);
    expect(warned).toHaveBeenCalledOnce();
    expect(warned.mock.calls[0]?.[0]).toContain('/a/volume');
    expect(warned.mock.calls[0]?.[1]).toMatchObject({
      code: 'NODE_DOKAN_OWN_MOUNT',
      detail: expect.stringContaining('a process of its own') as unknown,
    });
  });

  it('is warned after whatever number of others', () => {
    for (let other = 1; other <= 200; other += 1) lookUp(4_000_000_000 + other);
    expect(warned).not.toHaveBeenCalled();
    lookUp(process.pid);
    expect(warned).toHaveBeenCalledOnce();
  });

  it('is not warned of what the library asks itself: the root and the state of the volume', () => {
    all.kernel.asker.pid = process.pid;
    all.kernel.ask('STATFS', 1);
    all.kernel.ask('GETATTR', 1, body.getattr());
    expect(warned).not.toHaveBeenCalled();
  });

  it('is not warned while the volume is unmounted', () => {
    all.kernel.session.ownUse?.stop();
    lookUp(process.pid);
    expect(warned).not.toHaveBeenCalled();
  });
});

describe('others', () => {
  it('are no matter, nor is the kernel', () => {
    for (const pid of [0, 4_000_000_000, 0, 4_000_000_001, 4_000_000_000]) lookUp(pid);
    expect(warned).not.toHaveBeenCalled();
  });
});
