import { expected, OptionError } from './errors.js';
import {
  checkBoolean,
  checkDuration,
  checkNames,
  checkSize,
  checkText,
  type Check,
} from './option_checks.js';

/** How a volume is mounted. Options without meaning on a host are accepted there and do nothing. */
export interface MountOptions {
  /** Windows: Dokan's debug output. Default false. */
  debug?: boolean;
  /** Windows: debug output to stderr. Default false. */
  stderr?: boolean;
  /** Files have alternate streams; on Linux they are `user.` extended attributes. Default false. */
  altStreams?: boolean;
  /** The volume is read-only. Default false. */
  writeProtect?: boolean;
  /** Windows: a network drive; needs `uncName`. Default false. */
  network?: boolean;
  /** Windows: UNC name of a network drive, `\\server\share`. */
  uncName?: string;
  /** Windows: removable medium. Default false. */
  removable?: boolean;
  /** Windows: known to the mount manager (recycle bin, another letter when this one is taken). Default false. */
  mountManager?: boolean;
  /** Windows: visible in the current session only. Default false. */
  currentSession?: boolean;
  /** `lockFile` and `unlockFile` decide on locks, instead of the kernel. Default false. */
  userModeLock?: boolean;
  /** Names that differ in case are different. Default: true on Linux, false on Windows. */
  caseSensitive?: boolean;
  /** Windows: Explorer may unmount a network drive. Default false. */
  networkUnmount?: boolean;
  /** Windows: log lines of the driver. Default false. */
  driverLogs?: boolean;
  /** Windows: several requests per call to the driver. Default false. */
  ipcBatching?: boolean;
  /** Windows: one request at a time. Default false. */
  singleThread?: boolean;
  /** Windows: milliseconds until the driver gives a request up. Default: Dokan's, 15,000. */
  timeout?: number;
  /** Bytes of an allocation unit, a power of two from 512. Default 4096. */
  allocationUnitSize?: number;
  /** Windows: bytes of a sector, a power of two from 512. Default 512. */
  sectorSize?: number;
  /**
   * Windows: bytes that are read at once for a program that reads a file in small pieces one behind the
   * other, up to 1,048,576; the pieces are then answered without the file system. What was read ahead
   * is good for a second at most, and only until something on the volume is written, cut, renamed,
   * deleted, locked or notified. Opens without buffering are left alone. Default 0: the file system
   * sees every read.
   */
  readAhead?: number;
  /** Windows: self-relative security descriptor of the volume, at most 16,384 bytes. */
  volumeSecurityDescriptor?: Buffer;
  /** Windows: absolute path of the dokan2.dll to use. Default: the one in System32. */
  libraryPath?: string;
  /** Windows: version of the Dokan API to ask for, 200 or later. Default: the newest known. */
  version?: number;

  /** Releases a volume of ours that holds the mount point already. Default false. */
  forceUnmount?: boolean;
  /** `forceUnmount` releases another user's (on Windows another session's) volume as well; needs the privilege. Default false. */
  allSessions?: boolean;
  /** Milliseconds until a request whose promise is outstanding fails with IO_TIMEOUT; Infinity for never. Default 60,000. */
  operationTimeout?: number;
  /** Milliseconds the answer of `checkMedia` is good for: it is asked at most this often. Default 500. */
  mediaCheckInterval?: number;
  /** Label of the volume, at most 32 characters; on Linux the source in mount(8)'s list. Goes before `getVolumeInformation`. */
  volumeLabel?: string;
  /** Name of the file system, at most 10 characters. Goes before `getVolumeInformation`. */
  fileSystemName?: string;
  /** Unmounts on SIGINT, SIGTERM and SIGHUP, by force when the volume is in use. The process ends when nothing else keeps it running. Default false. */
  unmountOnSignal?: boolean;

  /** Linux: milliseconds the kernel may trust a name. Default 1,000. */
  entryTimeout?: number;
  /** Linux: milliseconds the kernel may trust attributes. Default 1,000. */
  attributeTimeout?: number;
  /** Linux: milliseconds the kernel may trust that a name does not exist. Default 0. */
  negativeTimeout?: number;
  /**
   * Linux: the kernel may keep the names in a directory from one open to the next, and answer who lists
   * it without asking `findFiles`: for `entryTimeout` from the call of `findFiles` on (`attributeTimeout`
   * where that is less and not 0), or until something in it changes through the mount or
   * `volume.notify` tells of it. Off for file systems whose listings depend on who asks, or are to be
   * made anew each time. Linux 6.1 or later, and not with `threads`. Default true.
   */
  cacheListings?: boolean;
  /**
   * Linux: whether opening a file keeps what is cached of it. `'unchanged'`: where it is proved that
   * this is what the file has now, which takes a file of this machine behind `file.backingFd` that
   * threads of this process read, whose times prove it and that nobody had open for writing. `true`:
   * always; only for files that change through the mount alone, or with `volume.notify`. `false`: never.
   * Default `'unchanged'`.
   */
  keepCache?: boolean | 'unchanged';
  /** Linux: no page cache: every read and write reaches the file system. Those of opens with O_DIRECT do so by themselves. Default false. */
  directIo?: boolean;
  /**
   * Linux: files need not be opened: `readFile` and `writeFile` go by the path alone. After the first
   * open the kernel asks for no more; callbacks get a FileContext of their own for each request.
   * `createFile` is still called where something is made, changed or removed. The kernel keeps what it has cached of a file
   * until its size or lastWriteTime changes, and a file that is deleted cannot be read any more by who
   * has it open. Not with `userModeLock`, `directIo` and `checkMedia`, with `threads` only where
   * `stateless` is set. Default false.
   */
  noOpen?: boolean;
  /**
   * Linux: directories need not be opened: `findFiles` goes by the path alone, and always lists in the
   * same order: who reads on while somebody else begins may go on in another listing than he began in.
   * The kernel also keeps the listing until the directory's lastWriteTime changes. Not with `threads`
   * and `checkMedia`; before Linux 6.1 without effect. Default false.
   */
  noOpendir?: boolean;
  /**
   * Linux: files may have extended attributes: `user.*` with `altStreams`, `system.ntfs_*`. Without
   * them the kernel asks once, and then no more before each file's first write and change of owner.
   * Default true.
   */
  extendedAttributes?: boolean;
  /** Linux: the kernel collects writes. Faster, but sizes and times are the kernel's until then. Default false. */
  writebackCache?: boolean;
  /** Linux: users other than the one who mounts may use the volume. Default false. */
  allowOther?: boolean;
  /** Linux: the kernel checks permissions by mode and owner. Default true. */
  defaultPermissions?: boolean;
  /** Linux: a small process of its own takes the volume away when this process is killed; needs /bin/sh, and does without where there is none. Default true. */
  autoUnmount?: boolean;
  /** Linux: the mount point may be a directory with contents, which the volume then hides. Default false. */
  nonEmpty?: boolean;
  /**
   * Linux: threads that serve the volume, 1 to 64. With more than one the operations come from a
   * module, of which each thread has its own. Default 1.
   */
  threads?: number;
  /**
   * With `threads`: what a callback does depends on its path and arguments alone. Any thread then
   * serves any open file, with a FileContext of its own for each request: what `createFile` puts
   * there is not kept. Directories still belong to the thread that has opened them. Default false.
   */
  stateless?: boolean;
  /** What the function that a file system module exports is given as `data`: anything that can be cloned. */
  data?: unknown;
  /**
   * Microseconds to look for the next request before going to sleep, 0 to 1,000. On Linux the look is
   * left out while other programs want the processor. Default 40.
   */
  pollTime?: number;
  /** Linux: the kernel itself reads and writes files that `file.backingFd` names, where it can (Linux 6.9, privileged, no `writebackCache`); else, and with false, threads of this process do. Not with `threads`. Default true. */
  passthrough?: boolean;
}

/** All options, with their defaults; those without one are left out when not given. */
export type ResolvedOptions = Required<Omit<MountOptions, Optional>> & {
  readonly [Name in Optional]: MountOptions[Name] | undefined;
};

type Optional =
  | 'uncName'
  | 'volumeSecurityDescriptor'
  | 'libraryPath'
  | 'volumeLabel'
  | 'fileSystemName'
  | 'data';

interface Row {
  readonly check: Check;
  readonly fallback: unknown;
}

const flag = (fallback: boolean): Row => ({ check: checkBoolean, fallback });
const text = (maximum: number): Row => ({ check: checkText(maximum), fallback: undefined });
const duration = (fallback: number, limit?: number): Row => ({
  check: checkDuration(limit),
  fallback,
});

const DAY = 86_400_000;
const YEAR = 366 * DAY;

/** Every option: what it may be, and what it is when not given. */
const OPTIONS: Record<keyof MountOptions, Row> = {
  debug: flag(false),
  stderr: flag(false),
  altStreams: flag(false),
  writeProtect: flag(false),
  network: flag(false),
  uncName: text(63),
  removable: flag(false),
  mountManager: flag(false),
  currentSession: flag(false),
  userModeLock: flag(false),
  caseSensitive: flag(process.platform !== 'win32'),
  networkUnmount: flag(false),
  driverLogs: flag(false),
  ipcBatching: flag(false),
  singleThread: flag(false),
  timeout: duration(0, 300_000),
  allocationUnitSize: {
    check: checkSize('a power of two from 512 to 1048576', isUnit),
    fallback: 4096,
  },
  sectorSize: { check: checkSize('a power of two from 512 to 1048576', isUnit), fallback: 512 },
  readAhead: {
    check: checkSize('a whole number of bytes from 0 to 1048576', (value) => value <= 1024 * 1024),
    fallback: 0,
  },
  volumeSecurityDescriptor: { check: checkDescriptor, fallback: undefined },
  libraryPath: { check: checkLibraryPath, fallback: undefined },
  version: {
    check: checkSize('a Dokan API version, a whole number from 200 to 65535', isVersion),
    fallback: 231,
  },
  forceUnmount: flag(false),
  allSessions: flag(false),
  operationTimeout: { check: checkOperationTimeout, fallback: 60_000 },
  mediaCheckInterval: duration(500, DAY),
  volumeLabel: text(32),
  fileSystemName: text(10),
  unmountOnSignal: flag(false),
  entryTimeout: duration(1_000, YEAR),
  attributeTimeout: duration(1_000, YEAR),
  negativeTimeout: duration(0, YEAR),
  cacheListings: flag(true),
  keepCache: { check: checkKeepCache, fallback: 'unchanged' },
  directIo: flag(false),
  noOpen: flag(false),
  noOpendir: flag(false),
  extendedAttributes: flag(true),
  writebackCache: flag(false),
  allowOther: flag(false),
  defaultPermissions: flag(true),
  autoUnmount: flag(true),
  nonEmpty: flag(false),
  threads: {
    check: checkSize('a whole number from 1 to 64', (value) => value >= 1 && value <= 64),
    fallback: 1,
  },
  stateless: flag(false),
  data: { check: () => undefined, fallback: undefined },
  pollTime: {
    check: checkSize('a whole number of microseconds from 0 to 1000', (value) => value <= 1_000),
    fallback: 40,
  },
  passthrough: flag(true),
};

function isUnit(value: number): boolean {
  return value >= 512 && value <= 1024 * 1024 && (value & (value - 1)) === 0;
}

function isVersion(value: number): boolean {
  return value >= 200 && value <= 0xffff;
}

/** DOKAN_OPTIONS has room for no more. */
const LONGEST_DESCRIPTOR = 16 * 1024;

function checkDescriptor(option: string, value: unknown): void {
  if (!Buffer.isBuffer(value) || value.length === 0 || value.length > LONGEST_DESCRIPTOR) {
    throw expected(option, 'a Buffer of 1 to 16384 bytes', value);
  }
}

/** Never looked for: a name alone would be found in whatever directory comes first. */
function checkLibraryPath(option: string, value: unknown): void {
  if (typeof value === 'string' && /^(?:[A-Za-z]:[\\/]|\\\\)[^\0]+$/.test(value)) return;
  throw expected(option, 'an absolute path of Windows', value);
}

function checkOperationTimeout(option: string, value: unknown): void {
  if (
    typeof value === 'number' &&
    value > 0 &&
    (value === Infinity || Number.isSafeInteger(value))
  ) {
    return;
  }
  throw expected(option, 'a positive whole number of milliseconds or Infinity', value);
}

function checkKeepCache(option: string, value: unknown): void {
  if (typeof value === 'boolean' || value === 'unchanged') return;
  throw expected(option, "true, false or 'unchanged'", value);
}

/** Pairs that cannot both be: the option, the other one, and why. */
const CONTRADICTIONS: [keyof MountOptions, keyof MountOptions, string][] = [
  ['network', 'mountManager', 'the mount manager does not know network drives'],
  ['mountManager', 'currentSession', 'the mount manager mounts for all sessions'],
  ['directIo', 'writebackCache', 'without a cache there is nothing to write back'],
  ['directIo', 'keepCache', 'without a cache there is nothing to keep'],
  ['noOpen', 'directIo', 'only an open says that it uses no cache'],
  ['noOpen', 'userModeLock', 'locks belong to opens'],
];

/** What several threads cannot do together, and why. */
const WITHOUT_THREADS: [keyof MountOptions, string][] = [
  ['userModeLock', 'each thread would know only its own locks'],
  ['noOpendir', 'each thread would have its own listing'],
];

/**
 * Checks options and fills in defaults.
 * @throws OptionError for an unknown name, a wrong value, or a contradiction
 */
export function resolveOptions(given: unknown): ResolvedOptions {
  const resolved = resolve(OPTIONS, given);
  for (const [one, other, reason] of CONTRADICTIONS) {
    if (resolved[one] === true && resolved[other] === true) {
      throw new OptionError(one, `Options '${one}' and '${other}' exclude each other: ${reason}`);
    }
  }
  if (resolved['network'] === true && resolved['uncName'] === undefined) {
    throw new OptionError('network', "Option 'network' needs option 'uncName' (\\\\server\\share)");
  }
  if (resolved['uncName'] !== undefined && resolved['network'] !== true) {
    throw new OptionError('uncName', "Option 'uncName' needs option 'network'");
  }
  if ((resolved['sectorSize'] as number) > (resolved['allocationUnitSize'] as number)) {
    const message =
      "Option 'sectorSize' exceeds option 'allocationUnitSize', which is made of sectors";
    throw new OptionError('sectorSize', message);
  }
  if ((resolved['threads'] as number) > 1) {
    for (const [name, reason] of WITHOUT_THREADS) {
      if (resolved[name] !== true) continue;
      const message = `Options 'threads' and '${name}' exclude each other: ${reason}`;
      throw new OptionError('threads', message);
    }
    if (resolved['noOpen'] === true && resolved['stateless'] !== true) {
      const message = "Option 'noOpen' needs option 'stateless' with several threads";
      throw new OptionError('noOpen', message);
    }
  }
  return resolved as unknown as ResolvedOptions;
}

/** How a volume is unmounted. */
export interface UnmountOptions {
  /** Take the volume away from whoever is using it: open files fail. Default false. */
  force?: boolean;
  /** Another user's (on Windows another session's) volume as well; needs the privilege. Default false. */
  allSessions?: boolean;
  /** Milliseconds to wait for programs to close their files before it fails with EBUSY, or before `force` takes it away. Default 1,000. */
  timeout?: number;
  /** Windows: absolute path of the dokan2.dll to use. Default: the one in System32. */
  libraryPath?: string;
}

/** All options of `unmount`, with their defaults. */
export type ResolvedUnmountOptions = Required<Omit<UnmountOptions, 'libraryPath'>> &
  Pick<UnmountOptions, 'libraryPath'>;

const UNMOUNT_OPTIONS: Record<keyof UnmountOptions, Row> = {
  force: flag(false),
  allSessions: flag(false),
  timeout: duration(1_000, DAY),
  libraryPath: { check: checkLibraryPath, fallback: undefined },
};

/** As `resolveOptions`, for those of `unmount`. */
export function resolveUnmountOptions(given: unknown): ResolvedUnmountOptions {
  return resolve(UNMOUNT_OPTIONS, given) as unknown as ResolvedUnmountOptions;
}

/** Which Dokan is asked. */
export interface LibraryOptions {
  /** Windows: absolute path of the dokan2.dll to use. Default: the one in System32. */
  libraryPath?: string;
}

const LIBRARY_OPTIONS: Record<keyof LibraryOptions, Row> = {
  libraryPath: { check: checkLibraryPath, fallback: undefined },
};

/** As `resolveOptions`, for what only asks Dokan. */
export function resolveLibraryOptions(given: unknown): LibraryOptions {
  return resolve(LIBRARY_OPTIONS, given);
}

/** How mounts are listed. */
export interface ListOptions extends LibraryOptions {
  /** Milliseconds a volume may take to answer before it is `hung`. Default 1,000. */
  timeout?: number;
}

const LIST_OPTIONS: Record<keyof ListOptions, Row> = {
  ...LIBRARY_OPTIONS,
  timeout: duration(1_000, DAY),
};

/** As `resolveOptions`, for `listMounts`. */
export function resolveListOptions(given: unknown): ListOptions & { readonly timeout: number } {
  return resolve(LIST_OPTIONS, given) as unknown as ListOptions & { readonly timeout: number };
}

/** Each option by itself: checked, or what it is when not given. */
function resolve(rows: Readonly<Record<string, Row>>, given: unknown): Record<string, unknown> {
  const options = checkNames(given, Object.keys(rows));
  const resolved: Record<string, unknown> = {};
  for (const [name, { check, fallback }] of Object.entries(rows)) {
    const value = options[name];
    if (value !== undefined) check(name, value);
    resolved[name] = value ?? fallback;
  }
  return resolved;
}
