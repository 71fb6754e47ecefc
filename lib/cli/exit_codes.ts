/** What every command's exit code means. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export const EXIT_HELP = `
Exit codes: 0 done, 1 failed, 2 wrong usage.`;
