export { mount, unmount } from './mount.js';
export { dokanVersions, type DokanVersions } from './dokan_versions.js';
export { listMounts, type MountEntry, type MountState } from './mounts/list.js';
export { Volume, type Closed } from './volume.js';
export type { FileSystemFactory, ThreadContext } from './file_system_module.js';
export type { CloseReason, Notifications } from './hosts/host.js';
export type { LibraryOptions, ListOptions, MountOptions, UnmountOptions } from './options.js';
export type { CallbackStatistics, RequestEvent } from './dispatcher.js';
export {
  DokanError,
  MountError,
  OptionError,
  AnswerError,
  CallbackError,
  ThreadError,
  type HoldingProcess,
} from './errors.js';
export { NtStatus, statusName, type NtStatusName } from './status.js';
export * from './constants.js';
export type * from './operations.js';
