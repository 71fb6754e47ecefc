/** What `exchange` returns, less the errno, for a reply that was not sent. No errno is as high. */
export const NOT_SENT = -4096;

/**
 * The way to the kernel: /dev/fuse in earnest, an array of bytes in tests. All calls come from one
 * thread and none of them blocks.
 */
export interface Transport extends BackingDevice {
  /** Calls back whenever there may be a request, and once more when the connection has ended. */
  start(onReadable: () => void): void;
  /**
   * Takes one request. Reads and writes of opens that `serveBacking` was told of it answers itself.
   * @param spinMicroseconds - how long to keep trying when there is none
   * @returns its length, 0 for one that is answered, or a negative errno: -EAGAIN when there is none, -ENODEV when the volume
   *   was unmounted, -ECONNABORTED when the connection was cut
   */
  receive(buffer: Uint8Array, spinMicroseconds: number): number;
  /** Sends the first `length` bytes as one reply. @returns 0 or a negative errno */
  send(buffer: Uint8Array, length: number): number;
  /**
   * Sends a reply and takes the next request, in one call.
   * @returns what `receive` does; `NOT_SENT` and less when `send` has failed, and nothing was taken
   */
  exchange(reply: Uint8Array, length: number, buffer: Uint8Array, spinMicroseconds: number): number;
  /** As `send`, of one reply that lies in two pieces: its headers are in `head`. */
  sendParts(head: Uint8Array, headLength: number, body: Uint8Array, bodyLength: number): number;
  /** As `exchange`, of a reply as `sendParts` sends it. */
  exchangeParts(
    head: Uint8Array,
    headLength: number,
    body: Uint8Array,
    bodyLength: number,
    buffer: Uint8Array,
    spinMicroseconds: number,
  ): number;
  /** Sends a notification when it can, without ever blocking. @returns false when it never will */
  notify(message: Uint8Array): boolean;
  close(): void;
}

/** Numbers of a stamp: device, inode, size, time of writing and of change, these in two parts. */
export const STAMP_LENGTH = 7;

/** What serves the reads and writes of opens that real files back, below JavaScript. */
export interface BackingDevice {
  /**
   * Whether a descriptor can back an open.
   * @param openFlags - those of open(2) it was opened with
   * @returns 0, or a negative errno: -EBADF when it is not open, -EISDIR, -EINVAL when it is no
   *   regular file, -EACCES when it is not open for as much as the open, or with O_APPEND or O_DIRECT
   */
  checkBacking(fd: number, openFlags: number): number;
  /**
   * Has the kernel hold the file, to read and write it itself for opens that are answered with the
   * number returned.
   * @param forOthers - users other than the one who mounts may write to it: each write takes
   *   set-user-ID away
   * @returns its number, or a negative errno where the kernel does not do that
   */
  openBacking(fd: number, forOthers: boolean): number;
  /** Whether the file with that number is the one of the descriptor. */
  isBacking(id: number, fd: number): boolean;
  /**
   * Whether the file of a descriptor has the data it had when the stamp was taken.
   * @param stamp - `STAMP_LENGTH` doubles; becomes the present one when the answer is no, or NaN
   *   where that would not tell later data from these
   */
  isUnchangedBacking(fd: number, stamp: Uint8Array): boolean;
  /** The kernel need not hold it for opens to come. */
  closeBacking(id: number): void;
  /**
   * Answers the reads and writes of a handle from a duplicate of the descriptor.
   * @param mayExtend - what comes from the page cache may make the file longer
   * @returns 0 or a negative errno
   */
  serveBacking(handle: number, fd: number, mayExtend: boolean): number;
  endBacking(handle: number): void;
  /** Reads and writes that are begun and not answered yet. */
  backingRequests(): number;
}
