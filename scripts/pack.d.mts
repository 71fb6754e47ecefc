/** See pack.mjs. */
export function pack(directory?: string): { tarball: string; files: string[] };
