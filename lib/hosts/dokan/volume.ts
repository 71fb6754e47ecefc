import { FileSystemFlags } from '../../constants.js';
import type { DiskFreeSpace, VolumeInformation } from '../../operations.js';
import { andThen, type Outcome } from '../../outcome.js';
import { writeUnits } from './memory.js';
import type { Request } from './request.js';

/** What Windows has room for, in UTF-16 units. */
const LONGEST_LABEL = 32;
const LONGEST_SYSTEM_NAME = 10;

export function getDiskFreeSpace(request: Request): Outcome<void> {
  return andThen(request.session.target.getDiskFreeSpace(request), answerSpace, request);
}

function answerSpace(space: DiskFreeSpace, request: Request): void {
  request.answerSize(0, space.freeBytesAvailable);
  request.answerSize(1, space.totalBytes);
  request.answerSize(2, space.totalFreeBytes);
}

export function getVolumeInformation(request: Request): Outcome<void> {
  return andThen(request.session.target.getVolumeInformation(request), answerVolume, request);
}

function answerVolume(volume: Required<VolumeInformation>, request: Request): void {
  const { session } = request;
  const { altStreams, writeProtect } = session.options;
  session.serialNumber = volume.serialNumber ?? 0;
  const label = cut(volume.volumeName ?? '', LONGEST_LABEL);
  const name = cut(volume.fileSystemName ?? '', LONGEST_SYSTEM_NAME);
  request.answerResult(0, session.serialNumber);
  request.answerResult(1, volume.maximumComponentLength ?? 0);
  request.answerResult(
    2,
    (volume.fileSystemFlags ?? 0) |
      (altStreams ? FileSystemFlags.NAMED_STREAMS : 0) |
      (writeProtect ? FileSystemFlags.READ_ONLY_VOLUME : 0),
  );
  request.answerResult(3, 2 * label.length);
  request.answerResult(4, 2 * name.length);
  writeUnits(request.memory, request.texts, label);
  writeUnits(request.memory, request.texts + 2 * label.length, name);
}

/** Not ending in half a character. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}

/** The library says where the volume is: what `mount` answers is the same. */
export function mounted(request: Request): void {
  request.session.mountPoint = request.secondName();
}

/** The volume is going. The file system is told when it is gone. */
export function unmounted(): void {
  // Dokan only wants to see it come back.
}
