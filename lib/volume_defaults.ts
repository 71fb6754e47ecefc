import type { DispatcherOptions } from './dispatcher_options.js';
import type { DiskFreeSpace, VolumeInformation } from './operations.js';

/** Dokan's own answers where a file system has none. */
export const DEFAULT_DISK_SPACE: DiskFreeSpace = {
  freeBytesAvailable: 512 * 1024 * 1024,
  totalBytes: 1024 * 1024 * 1024,
  totalFreeBytes: 512 * 1024 * 1024,
};
const DEFAULT_SERIAL_NUMBER = 0x19831116;
const DEFAULT_FILE_SYSTEM_FLAGS = 0x107;
const DEFAULT_COMPONENT_LENGTH = 255;

/** Fills in what the file system does not say; what the volume was mounted with takes precedence. */
export function completeVolume(
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
