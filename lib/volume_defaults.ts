import * as callbacks from './callbacks.js';
import type { CallbackRunner } from './callback_runner.js';
import type { DispatcherOptions } from './dispatcher_options.js';
import type { DiskFreeSpace, VolumeInformation } from './operations.js';
import type { Outcome } from './outcome.js';
import type { Caller } from './target.js';

/** Dokan's own answers where a file system has none. */
const DEFAULT_DISK_SPACE: DiskFreeSpace = {
  freeBytesAvailable: 512 * 1024 * 1024,
  totalBytes: 1024 * 1024 * 1024,
  totalFreeBytes: 512 * 1024 * 1024,
};
const DEFAULT_SERIAL_NUMBER = 0x19831116;
const DEFAULT_FILE_SYSTEM_FLAGS = 0x107;
const DEFAULT_COMPONENT_LENGTH = 255;

/** The space of a volume, in bytes: the file system's answer, or Dokan's. @throws DokanError */
export function diskFreeSpace(runner: CallbackRunner, caller: Caller): Outcome<DiskFreeSpace> {
  return runner.withDefault(callbacks.getDiskFreeSpace, caller, () => DEFAULT_DISK_SPACE);
}

/** What a volume says of itself, with Dokan's answers where it is silent. @throws DokanError */
export function volumeInformation(
  runner: CallbackRunner,
  options: DispatcherOptions,
  caller: Caller,
): Outcome<Required<VolumeInformation>> {
  const answer = runner.withDefault<VolumeInformation>(
    callbacks.getVolumeInformation,
    caller,
    () => ({}),
  );
  return answer instanceof Promise
    ? answer.then((volume) => completeVolume(volume, options))
    : completeVolume(answer, options);
}

/** Fills in what the file system does not say; what the volume was mounted with takes precedence. */
function completeVolume(
  volume: VolumeInformation,
  { volumeLabel, fileSystemName }: DispatcherOptions,
): Required<VolumeInformation> {
  return {
    volumeName: volumeLabel ?? volume.volumeName ?? 'DOKAN',
    serialNumber: volume.serialNumber ?? DEFAULT_SERIAL_NUMBER,
    maximumComponentLength: volume.maximumComponentLength ?? DEFAULT_COMPONENT_LENGTH,
    fileSystemFlags: volume.fileSystemFlags ?? DEFAULT_FILE_SYSTEM_FLAGS,
    fileSystemName: fileSystemName ?? volume.fileSystemName ?? 'NTFS',
  };
}
