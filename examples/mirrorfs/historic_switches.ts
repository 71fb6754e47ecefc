/** The switches of Dokan's C sample, which people have in their fingers and scripts. */

interface HistoricSwitch {
  /** The option of today. */
  readonly option: string;
  /** What follows it: a value for the option, or nothing. */
  readonly takesValue?: true;
  /** Turns the value as it was written then into that of today. */
  readonly convert?: (value: string) => string;
}

const SWITCHES: Readonly<Record<string, HistoricSwitch>> = {
  r: { option: '--root', takesValue: true, convert: wholeDrive },
  l: { option: '--mount', takesValue: true, convert: withColon },
  t: { option: '--single-thread' },
  d: { option: '--debug' },
  s: { option: '--stderr' },
  m: { option: '--removable' },
  w: { option: '--write-protect' },
  o: { option: '--mount-manager' },
  c: { option: '--current-session' },
  n: { option: '--unc-name', takesValue: true },
  f: { option: '--user-mode-lock' },
  i: { option: '--timeout', takesValue: true },
  a: { option: '--allocation-unit-size', takesValue: true },
  k: { option: '--sector-size', takesValue: true },
  v: { option: '--volume-label', takesValue: true },
  b: { option: '--case-sensitive' },
  e: { option: '--driver-logs' },
  g: { option: '--ipc-batching' },
  x: { option: '--network-unmount' },
};

/** `c:` alone is the current directory of that drive; what was meant is all of it. */
function wholeDrive(root: string): string {
  return /^[a-z]:$/i.test(root) ? `${root}\\` : root;
}

/** `z` is the drive. */
function withColon(mountPoint: string): string {
  return /^[a-z]$/i.test(mountPoint) ? `${mountPoint}:` : mountPoint;
}

const SWITCH = /^[/-]([a-z])$/i;
/** Anything that looks like a switch, so that a mistyped one is not taken for something else. */
const LIKE_SWITCH = /^\/[^/\\]*$/;

/** A switch that there never was, or that lacks its value. */
export class SwitchError extends Error {
  override readonly name = 'SwitchError';
}

/**
 * Writes historic switches (`/r c: /l z`, in either case, also with `-`) as options of today.
 * @param args - arguments of the command line
 * @param takesValue - whether an option of today is followed by a value, which is left alone
 * @throws SwitchError
 */
export function translateSwitches(
  args: readonly string[],
  takesValue: (option: string) => boolean,
): string[] {
  const translated: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const letter = SWITCH.exec(arg)?.[1]?.toLowerCase();
    const known = letter === undefined ? undefined : SWITCHES[letter];
    if (known !== undefined) {
      translated.push(...translate(arg, known, rest));
    } else if (LIKE_SWITCH.test(arg)) {
      throw new SwitchError(`unknown switch '${arg}'`);
    } else {
      translated.push(arg);
      const value = takesValue(arg) ? rest.shift() : undefined;
      if (value !== undefined) translated.push(value);
    }
  }
  return translated;
}

/** @param rest - the arguments that follow; the switch's value is taken away from them */
function translate(written: string, known: HistoricSwitch, rest: string[]): string[] {
  const { option, takesValue, convert } = known;
  if (option === '--single-thread') return singleThread(rest);
  if (takesValue === undefined) return [option];
  const value = rest.shift();
  if (value === undefined) throw new SwitchError(`switch '${written}' needs a value`);
  // With `=`, as a value may begin with what begins an option.
  return [`${option}=${convert?.(value) ?? value}`];
}

/** `/t` stands alone today; it used to be followed by the number of threads. */
function singleThread(rest: string[]): string[] {
  const threads = /^\d+$/.test(rest[0] ?? '') ? rest.shift() : undefined;
  return threads === undefined || Number(threads) === 1 ? ['--single-thread'] : [];
}
