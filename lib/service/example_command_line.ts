import type { MountSpec } from './entry.js';

/** Mount options that the examples' command lines call by another name. */
const OTHER_NAMES: Readonly<Record<string, string>> = { forceUnmount: 'force' };

/** What a JSON file can have for an option. */
type Value = string | number | boolean | undefined;

/** An entry as the command line of its example: options of `mount` are `--kebab-case` there. */
export function exampleCommandLine(spec: MountSpec): string[] {
  const options = Object.entries(spec.options as Record<string, Value>).flatMap(([name, value]) =>
    toWords(OTHER_NAMES[name] ?? name, value),
  );
  // Last, where it counts: nothing is mounted at another place than the service believes.
  return [...(spec.arguments as string[]), '--mount', spec.point, ...options];
}

function toWords(name: string, value: Value): string[] {
  const kebab = name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  // What is on or off by default has no word for being so.
  if (value === true) return ON_BY_DEFAULT.has(name) ? [] : [`--${kebab}`];
  if (value === false) return OFF_HAS_A_WORD.has(name) ? [`--no-${kebab}`] : [];
  // With `=`, as a value may begin with what begins an option.
  return value === undefined ? [] : [`--${kebab}=${value}`];
}

const ON_BY_DEFAULT = new Set(['altStreams', 'autoUnmount', 'extendedAttributes']);
const OFF_HAS_A_WORD = new Set([...ON_BY_DEFAULT, 'caseSensitive']);
