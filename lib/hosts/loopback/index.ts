/**
 * `node-dokan/testing`: file systems in unit tests, without driver, privileges or mount.
 */
export { loopback, LoopbackClient, type LoopbackSettings } from './loopback.js';
export { DriverClient, type LoopbackVolumeInformation, type OpenOptions } from './client.js';
export {
  LoopbackFile,
  type BasicChanges,
  type LockOptions,
  type LoopbackEntry,
  type LoopbackStat,
} from './client_file.js';
export { LoopbackSection, type MapOptions } from './section.js';
export type { Notification } from './loopback_volume.js';
