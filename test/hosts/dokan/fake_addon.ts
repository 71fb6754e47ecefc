import { expect } from 'vitest';
import { MountError } from '../../../lib/errors.js';
import type {
  NativeMountOptions,
  NativeMountPoint,
  WindowsAddon,
} from '../../../lib/hosts/dokan/native.js';
import { FakeNative } from './fake_native.js';

export const EVERY_SESSION = 0xffff_ffff;
export const LIBRARY = 'C:\\test\\dokan2.dll';

/** What the addon does, for tests to change. */
export class FakeAddon {
  readonly sessionId = 1;
  readonly volumes: FakeNative[] = [];
  readonly removed: unknown[][] = [];
  mounts: NativeMountPoint[] = [];
  mounting: ((options: NativeMountOptions) => Promise<string>) | undefined = undefined;
  logHandler: ((line: string) => void) | undefined = undefined;
  removes = true;
  elevated = false;

  readonly DokanVolume = ((addon: FakeAddon) =>
    class extends FakeNative {
      constructor(onRequests: () => void, onClosed: () => void, onSlowTransfers: () => void) {
        super(onRequests, onClosed, onSlowTransfers);
        addon.volumes.push(this);
        if (addon.mounting !== undefined) this.mounting = addon.mounting;
      }
    })(this);

  listMountPoints = (): Promise<NativeMountPoint[]> => Promise.resolve(this.mounts);

  removeMountPoint = (...given: unknown[]): Promise<boolean> => {
    this.removed.push(given);
    if (this.removes) this.mounts = [];
    return Promise.resolve(this.removes);
  };

  isElevated = (): boolean => this.elevated;

  onDriverLog = (handler: ((line: string) => void) | undefined): void => {
    this.logHandler = handler;
  };

  versions: WindowsAddon['versions'] = () =>
    Promise.resolve({ path: LIBRARY, library: 231, driver: 0x190 });
}

/** What the addon rejects with. */
export function native(code: string, more: object = {}): Error {
  return Object.assign(new Error(`native ${code}`), { code }, more);
}

/** A volume in Dokan's list. */
export const holder = (more: Partial<NativeMountPoint> = {}): NativeMountPoint => ({
  type: 0,
  mountPoint: '\\DosDevices\\M:',
  uncName: '',
  deviceName: '\\Device\\Volume{1}',
  sessionId: EVERY_SESSION,
  mountOptions: 0,
  ...more,
});

/** The MountError that work ends with. */
export async function failureOf(work: Promise<unknown>): Promise<MountError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MountError);
  return error as MountError;
}
