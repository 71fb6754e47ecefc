/** The image cannot be mounted; the message says why, and what to do about it. */
export class ImageError extends Error {
  /** An errno (`'ENOENT'`), `'ERR_NOT_FAT'` or `'ERR_NO_PARTITION'`. */
  readonly code: string;

  /** What to do about it. */
  readonly cure: string;

  constructor(code: string, problem: string, path: string, cure: string, cause?: unknown) {
    super(`${problem}: ${path}. ${cure}`, cause === undefined ? undefined : { cause });
    this.name = 'ImageError';
    this.code = code;
    this.cure = cure;
  }
}
