import { closeSync } from 'node:fs';
import type { NamedStream } from './named_stream.js';

/** What the mirror keeps of one open. */
export class MirrorOpen {
  /** Descriptor of the file or directory; absent when only its name and attributes are of interest. */
  fd: number | undefined;
  /** Descriptor whose writes go to the end, made for the first such write. */
  appendFd: number | undefined = undefined;
  /** All writes go to the end, because that is all the open may do (APPEND_DATA alone). */
  readonly appendsOnly: boolean;
  /** The open is of a stream of the file. */
  readonly stream: NamedStream | undefined;
  /** Identity of the file, once this open has locked some of it. */
  lockedInode: number | bigint | undefined = undefined;

  constructor(fd: number | undefined, appendsOnly = false, stream?: NamedStream) {
    this.fd = fd;
    this.appendsOnly = appendsOnly;
    this.stream = stream;
  }

  close(): void {
    const { fd, appendFd } = this;
    this.fd = undefined;
    this.appendFd = undefined;
    if (fd !== undefined) closeSync(fd);
    if (appendFd !== undefined) closeSync(appendFd);
  }
}
