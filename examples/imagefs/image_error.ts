import { DokanError } from 'node-dokan';

/** The image cannot be mounted; the message says why, and what to do about it. */
export class ImageError extends Error {
  /** An errno (`'ENOENT'`), `'ERR_NOT_FAT'` or `'ERR_NO_PARTITION'`. */
  readonly code: string;

  /** @param cure - what to do about it, which the message ends with */
  constructor(code: string, problem: string, path: string, cure: string, cause?: unknown) {
    super(`${problem}: ${path}. ${cure}`, cause === undefined ? undefined : { cause });
    this.name = 'ImageError';
    this.code = code;
  }
}

/** Whether an error is about the image and what holds it: any other is a defect of ours. */
export function isOfImage(error: unknown): boolean {
  return (
    error instanceof DokanError ||
    error instanceof ImageError ||
    (error instanceof Error && 'errno' in error)
  );
}
