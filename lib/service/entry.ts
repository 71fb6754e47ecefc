import { createHash } from 'node:crypto';
import type { MountOptions } from '../options.js';
import type { ExampleName } from './example_programs.js';

/** When a file system that has ended is started again. */
export type RestartPolicy = 'always' | 'on-failure' | 'never';

/** What is mounted where: all that the process serving it has to know. */
export interface MountSpec {
  /** Drive letter or absolute path. */
  readonly point: string;
  /** A file system of the package, or the absolute path of a module that makes one. */
  readonly program: { readonly example: ExampleName } | { readonly module: string };
  /** For an example its command line; for a module whatever it takes. */
  readonly arguments: unknown;
  /** As given, the service's defaults added. */
  readonly options: MountOptions;
}

/** Milliseconds between an end and the next start. */
export interface BackOff {
  readonly initial: number;
  readonly maximum: number;
  /** After so long a time without trouble the next delay is the initial one. */
  readonly resetAfter: number;
}

/** One entry of the configuration. */
export interface ServiceEntry {
  readonly spec: MountSpec;
  readonly restart: RestartPolicy;
  readonly backOff: BackOff;
  /** Milliseconds without an answer until the volume counts as hung. */
  readonly hungAfter: number;
  readonly restartWhenHung: boolean;
}

/** Equal for what is mounted in the same way: such a volume needs no restart. */
export function specHash(spec: MountSpec): string {
  const { point, program, arguments: args, options } = spec;
  // Keys in one order, however they were written.
  const text = JSON.stringify([point, program, args, options], (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
