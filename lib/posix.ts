/**
 * What Node's fs lacks for file systems that show a Linux directory: calls relative to a directory
 * that never leave it and never follow a symbolic link, times to the nanosecond, extended
 * attributes, holes. Importing it throws an AddonError where there is no addon for Linux.
 */
import { loadLinuxAddon } from './hosts/addon.js';

export type { BytePath, DirectoryListing, PosixFunctions } from './hosts/addon.js';

/* eslint-disable @typescript-eslint/unbound-method -- native functions have no `this` */
export const {
  openBeneath,
  statBeneath,
  statEntry,
  statFd,
  unlinkBeneath,
  checkUnlinkBeneath,
  mkdirBeneath,
  symlinkBeneath,
  readlinkBeneath,
  linkBeneath,
  renameBeneath,
  mknodBeneath,
  chmodBeneath,
  chownBeneath,
  utimesBeneath,
  utimesFd,
  getXattr,
  setXattr,
  listXattr,
  removeXattr,
  fallocate,
  seek,
  readDirectory,
} = loadLinuxAddon();
