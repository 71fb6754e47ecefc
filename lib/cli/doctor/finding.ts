/** `warning`: something will not work for somebody; `problem`: something does not work. */
export type Level = 'ok' | 'warning' | 'problem';

/** What one check found. */
export interface Finding {
  /** What was looked at, one name each: `'device'`. */
  readonly check: string;
  readonly level: Level;
  /** What was found, one line. */
  readonly message: string;
  /** What to do about it; undefined where all is well. */
  readonly cure: string | undefined;
}

export function ok(check: string, message: string): Finding {
  return { check, level: 'ok', message, cure: undefined };
}

export function warning(check: string, message: string, cure: string): Finding {
  return { check, level: 'warning', message, cure };
}

export function problem(check: string, message: string, cure: string): Finding {
  return { check, level: 'problem', message, cure };
}
