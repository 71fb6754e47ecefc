/** See requirements.mjs. */
export function examine(path: string, glibc?: string): { problems: string[]; summary: string };
