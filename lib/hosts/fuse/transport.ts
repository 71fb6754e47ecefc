/**
 * The way to the kernel: /dev/fuse in earnest, an array of bytes in tests. All calls come from one
 * thread and none of them blocks.
 */
export interface Transport {
  /** Calls back whenever there may be a request, and once more when the connection has ended. */
  start(onReadable: () => void): void;
  /**
   * Takes one request.
   * @param spinMicroseconds - how long to keep trying when there is none
   * @returns its length, or a negative errno: -EAGAIN when there is none, -ENODEV when the volume
   *   was unmounted, -ECONNABORTED when the connection was cut
   */
  receive(buffer: Uint8Array, spinMicroseconds: number): number;
  /** Sends the first `length` bytes as one reply. @returns 0 or a negative errno */
  send(buffer: Uint8Array, length: number): number;
  /** Sends a notification when it can, without ever blocking. @returns false when it never will */
  notify(message: Uint8Array): boolean;
  close(): void;
}
