import { DokanError } from '../../errors.js';
import type { RequestorToken } from '../../operations.js';
import { NtStatus, statusFromWin32 } from '../../status.js';
import type { NativeToken, NativeVolume } from './native.js';

/**
 * Opens the access token of who makes a createFile.
 * @throws DokanError when Windows does not give it out
 */
export function openToken(native: NativeVolume, slot: number): OpenToken {
  try {
    return new OpenToken(native.requestorToken(slot));
  } catch (error) {
    const { win32Error } = error as { win32Error?: unknown };
    const status =
      typeof win32Error === 'number' ? statusFromWin32(win32Error) : NtStatus.ACCESS_DENIED;
    throw new DokanError(status, 'The access token of the requestor cannot be had', {
      cause: error,
    });
  }
}

/** What a file system sees of a token: read at once, so that it outlives the handle. */
export class OpenToken implements RequestorToken {
  readonly sid: string;
  readonly sessionId: number;
  readonly integrityLevel: number;
  readonly #native: NativeToken;

  constructor(native: NativeToken) {
    this.#native = native;
    this.sid = native.sid;
    this.sessionId = native.sessionId;
    this.integrityLevel = native.integrityLevel;
  }

  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
