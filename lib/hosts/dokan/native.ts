import type { Win32FileFunctions } from './win32_files.js';

/** What the native addon offers on Windows. Paths are Windows paths in UTF-16, lone surrogates included. */
export interface WindowsAddon extends Win32FileFunctions {
  DokanVolume: new (
    onRequests: () => void,
    onClosed: () => void,
    onSlowTransfers: () => void,
  ) => NativeVolume;

  /**
   * Loads dokan2.dll and asks for versions. Rejects with a {@link NativeDokanError}.
   * @param libraryPath - absolute path of the DLL; default: System32's dokan2.dll
   */
  versions(libraryPath: string | undefined): Promise<NativeVersions>;

  /** DokanGetMountPointList. Rejects with a {@link NativeDokanError}. */
  listMountPoints(libraryPath: string | undefined, uncOnly: boolean): Promise<NativeMountPoint[]>;

  /**
   * DokanRemoveMountPoint: any process's volume. False when Dokan says no.
   * Rejects with a {@link NativeDokanError} when the library cannot be used.
   */
  removeMountPoint(libraryPath: string | undefined, mountPoint: string): Promise<boolean>;

  /**
   * Called on this thread with every line that Dokan's driver or library prints while a volume with
   * the option `driverLogs` is mounted. One handler per thread; `undefined` removes it. Does not keep
   * the process alive.
   */
  onDriverLog(handler: ((line: string) => void) | undefined): void;

  /**
   * Whether the runtime allows ArrayBuffers over foreign memory (Electron does not). Found out by trying.
   * Tests set it to false to see what happens then; it concerns volumes mounted afterwards.
   */
  externalBuffers: boolean;

  /**
   * Asks the volume at a mount point for its size, on a thread of its own, which may stay behind when
   * there is no answer and is given up when the process ends. A mount point that is being asked is not
   * asked by a second one. 'unknown': this process does not reach it, or may not.
   * @param mountPoint - without `\\` at its end
   * @param timeout - milliseconds to wait for the answer
   */
  probeVolume(mountPoint: string, timeout: number): Promise<'live' | 'hung' | 'dead' | 'unknown'>;

  /** FILETIME a process was started at; undefined when it has ended, or may not be looked at. */
  processStarted(processId: number): bigint | undefined;

  /** Whether this process may do what administrators may: one that is not elevated may not. */
  isElevated(): boolean;

  /** Terminal session of this process (ProcessIdToSessionId), as of `NativeMountPoint.sessionId`. */
  readonly sessionId: number;
}

export interface NativeVersions {
  /** Path the library was loaded from. */
  path: string;
  /** DokanVersion(), 231 for 2.3.1. */
  library: number;
  /** DokanDriverVersion(), 0x190 for 400; 0 without a driver. */
  driver: number;
}

export interface NativeMountPoint {
  /** DOKAN_MOUNT_POINT_INFO.Type: 0 disk, 1 network. */
  type: number;
  mountPoint: string;
  uncName: string;
  deviceName: string;
  sessionId: number;
  mountOptions: number;
}

/**
 * Why something of Dokan's failed. `code`: 'ELIBRARY' (dokan2.dll not there or not loadable; `win32Error`
 * is set), 'EEXPORT' (it lacks the export named in `detail`), 'EVERSION' (another major version),
 * 'EMOUNT' (DokanCreateFileSystem failed: `result` is what it returned), 'ECLOSED' (already closed or the
 * environment is ending), 'EAGAIN' (no thread).
 */
export interface NativeDokanError extends Error {
  code: 'ELIBRARY' | 'EEXPORT' | 'EVERSION' | 'EMOUNT' | 'ECLOSED' | 'EAGAIN';
  /** Result of DokanCreateFileSystem, -1 to -7. */
  result?: number;
  /** GetLastError(). */
  win32Error?: number;
  /** The library's path, or the missing export. */
  detail?: string;
  /** DokanVersion() of a library of another major version. */
  libraryVersion?: number;
}

export interface NativeMountOptions {
  libraryPath: string | undefined;
  mountPoint: string;
  uncName: string | undefined;
  version: number;
  singleThread: boolean;
  /** DOKAN_OPTIONS.Options. */
  options: number;
  /** Milliseconds; 0 for Dokan's own. */
  timeout: number;
  allocationUnitSize: number;
  sectorSize: number;
  volumeSecurityDescriptor: Buffer | undefined;
  /**
   * Milliseconds the JavaScript thread may be stuck (not a single request taken, no ping answered) before
   * the requests waiting for it fail with IO_TIMEOUT; Infinity for never. A pending promise is the
   * dispatcher's business: as long as the thread answers pings, native code extends the request's time
   * with DokanResetTimeout and waits.
   */
  operationTimeout: number;
  /** Microseconds the JavaScript thread looks for the next request before it goes to sleep. */
  pollTime: number;
  /** Bytes that small reads one behind the other are answered from; 0 for none. */
  readAhead: number;
}

/**
 * One volume of Dokan. Belongs to the thread (environment) that made it. When that ends (process exit,
 * uncaught exception, end of a Worker), nothing is called any more, every waiting Dokan thread gets
 * VOLUME_DISMOUNTED at once, and the volume is unmounted.
 */
export interface NativeVolume {
  /** BATCH_BYTES, then SLOT_COUNT slots; see slot.ts. Never detached. */
  readonly memory: ArrayBuffer;

  /**
   * DokanCreateFileSystem, on a thread of its own. Requests arrive before it is fulfilled. Can be
   * called once. Keeps the process alive until the volume is closed.
   * @returns what `Mounted` was told the mount point is
   * Rejects with a {@link NativeDokanError}; nothing is mounted then.
   */
  mount(options: NativeMountOptions): Promise<string>;

  /**
   * Hands out waiting requests: writes their slot numbers to the start of `memory`. `onRequests` is
   * called when there are some, and not again before `take` has returned 0.
   * @returns how many, at most 64
   */
  take(): number;

  /** A name that does not fit into its slot. @param which - 0 the file's, 1 the second name */
  name(slot: number, which: 0 | 1): string;

  /**
   * The memory of a data block, asked for once per block number: the same block is used again and
   * again, unless the number is `SINGLE_BLOCKS` or more. Only while a request has the block.
   * @throws RangeError for a block that there is not
   */
  block(number: number): ArrayBuffer;

  /**
   * Gives a block to a request that has none (MAY_EXPOSE), large enough for its data; of a write,
   * the data is copied into it.
   * @returns the block's number; -1 when the request was given up meanwhile, or there is no memory
   */
  blockFor(slot: number): number;

  /**
   * The open that a createFile is about to make hands through a real file: until its cleanup, Dokan's
   * threads read and write that by themselves. What the file does not do as asked is asked of
   * JavaScript. The handle is duplicated.
   * @param slot - of a createFile that is not completed
   * @param number - of a file of the `Win32FileFunctions`, all of which are FIRST_FILE_NUMBER or more;
   *   below that a descriptor of node:fs
   * @returns 0, or what Windows says against it (a Win32 error): nothing has changed then
   */
  setBacking(slot: number, number: number): number;

  /**
   * How many reads and writes of real files Dokan's threads are at by themselves at this moment.
   * `onSlowTransfers` (constructor) is called again and again while one of them takes long: a second,
   * or a quarter of `operationTimeout` where that is less.
   */
  transfers(): number;

  /** Gives up what Dokan's threads read and write by themselves at this moment, with IO_TIMEOUT. */
  cancelTransfers(): void;

  /**
   * The request's own buffer, without a copy. Valid until the request is completed, which detaches it.
   * Of a read it is to be filled, of a write to be read. Nothing may use the memory after `complete`:
   * a request whose callback was given up on while it still works on the memory (a pending read of a
   * real file into it) must stay uncompleted until that ends. Meanwhile, native code cannot give the
   * request up either; it extends its time.
   * @returns undefined where the runtime forbids it, or when the request was given up meanwhile
   */
  expose(slot: number): ArrayBuffer | undefined;

  /**
   * Answers a request with what lies in its slot. The slot is not to be touched any more.
   * @returns false when nobody waits for it any more (the volume is gone, or the thread was stuck too long)
   */
  complete(slot: number): boolean;

  /** As `complete`, with data, which is copied: a listing, streams, or a security descriptor. */
  completeWith(slot: number, data: Uint8Array, length: number): boolean;

  /**
   * DokanOpenRequestorToken; only for a createFile that is not completed.
   * @throws NativeDokanError-like Error with `win32Error`
   */
  requestorToken(slot: number): NativeToken;

  /**
   * Queues a DokanNotify*: made by a thread of the volume's own, since it may not be called from inside a callback.
   * @param action - 0 create, 1 delete, 2 update, 3 extended attributes, 4 rename
   * @param path - with the mount point, as Dokan wants it
   * @returns false: the queue (65536) is full, or the volume is not mounted
   */
  notify(
    action: number,
    path: string,
    newPath: string | undefined,
    isDirectory: boolean,
    sameDirectory: boolean,
  ): boolean;

  /**
   * DokanCloseHandle on a thread of its own: unmounts, waits until Dokan has released everything.
   * Fulfilled also when the volume is closed already. Requests go on arriving until then.
   */
  close(): Promise<void>;

  // onClosed (constructor) is called once when Dokan says that the file system is closed, whoever did it
  // (DokanRegisterWaitForFileSystemClosed, or a waiting thread where the library lacks it). `close` is
  // to be called then, to release the handle.
}

/** What the access token of who opens a file says. Read at once: no handle stays open. */
export interface NativeToken {
  /** Security identifier of the user, `S-1-5-...`. */
  readonly sid: string;
  readonly sessionId: number;
  /** Relative identifier of the mandatory label: 0x2000 medium, 0x3000 high. */
  readonly integrityLevel: number;
  readonly closed: boolean;
  close(): void;
}
