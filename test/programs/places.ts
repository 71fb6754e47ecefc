import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Target } from '../conformance/target.js';
import { openMemfs, openMirrorfs, openNative } from '../conformance/targets.js';
import { temporaryDirectory } from '../support/temporary.js';
import { missingTools, run, type RunOptions } from '../support/tools.js';

/** Where a program works. */
export interface Place {
  /** On the file system under test; empty. */
  readonly directory: string;
  /** On the disk under os.tmpdir(); empty. */
  readonly scratch: string;
  /** A path in `directory`. */
  path(...names: string[]): string;
  /** Makes a directory in `directory`. */
  make(...names: string[]): string;
  /** Runs a program that must succeed, by default in `directory`. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<string>;
}

/** Does the work of one program and gives what must be equal wherever it is done. */
export type Work<T> = (place: Place) => Promise<T>;

const targets: readonly [name: string, open: () => Promise<Target>][] = [
  ['mirrorfs', () => openMirrorfs()],
  ['memfs', () => openMemfs('1G')],
];

/** Nothing of whoever runs the tests: their configuration would be part of the result. */
const settings = (home: string): NodeJS.ProcessEnv => ({
  HOME: home,
  XDG_CONFIG_HOME: home,
  XDG_CACHE_HOME: home,
  TZ: 'UTC',
});

async function workIn<T>(parent: string, work: Work<T>): Promise<T> {
  const temporary = temporaryDirectory();
  const directory = mkdtempSync(join(parent, 'place-'));
  const place: Place = {
    directory,
    scratch: temporary.directory('scratch'),
    path: (...names) => join(directory, ...names),
    make: (...names) => {
      const made = join(directory, ...names);
      mkdirSync(made, { recursive: true });
      return made;
    },
    run: (program, args, options = {}) =>
      run(program, args, {
        cwd: directory,
        ...options,
        env: { ...settings(temporary.path), ...options.env },
      }),
  };
  try {
    const result = await work(place);
    // Only what has passed is taken away by the file system under test: when removing fails as
    // well, the first failure is the one to show.
    rmSync(directory, { recursive: true, maxRetries: 3 });
    return result;
  } finally {
    temporary.remove();
  }
}

/** Programs that are at work: a test for each, on the disk first and then on each file system. */
export class Programs {
  readonly #works: { title: string; tools: readonly string[]; work: Work<unknown> }[] = [];

  /**
   * @param tools - programs it cannot do without
   * @param work - the result on the disk is the one that is right
   */
  add<T>(title: string, tools: readonly string[], work: Work<T>): void {
    this.#works.push({ title, tools, work });
  }

  /** Declares the tests. */
  install(milliseconds = 120_000): void {
    const references = new Map<string, Promise<unknown>>();
    const reference = (title: string, work: Work<unknown>): Promise<unknown> => {
      const known = references.get(title);
      if (known !== undefined) return known;
      const made = onNative(work);
      references.set(title, made);
      return made;
    };

    describe('native', () => {
      for (const { title, tools, work } of this.#works) {
        test(title, { timeout: milliseconds }, async (context) => {
          skipWithout(tools, context);
          expect(await reference(title, work)).toBeDefined();
        });
      }
    });

    for (const [name, open] of targets) {
      describe(name, () => {
        let target: Target | undefined;
        beforeAll(async () => {
          target = await open();
        });
        afterAll(() => target?.close());
        for (const { title, tools, work } of this.#works) {
          test(title, { timeout: 2 * milliseconds }, async (context) => {
            skipWithout(tools, context);
            const expected = await reference(title, work);
            if (target === undefined) throw new Error(`${name} is not mounted`);
            expect(await workIn(target.directory, work)).toEqual(expected);
          });
        }
      });
    }
  }
}

async function onNative<T>(work: Work<T>): Promise<T> {
  const target = await openNative();
  try {
    return await workIn(target.directory, work);
  } finally {
    await target.close();
  }
}

function skipWithout(tools: readonly string[], context: { skip(reason: string): void }): void {
  const reason = missingTools(...tools);
  if (reason === undefined) return;
  console.info(reason);
  context.skip(reason);
}
