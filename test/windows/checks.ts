import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary.js';
import { windowsAddon } from '../support/windows_addon.js';
import {
  missingWine,
  runWindows,
  windowsNode,
  windowsPath,
  type NodeMajor,
} from '../support/wine.js';

const program = (name: string): string =>
  fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url));

/**
 * Adds a test for each check of a program in programs/. They run in one process of Windows' Node:
 * starting that takes longer than any of them.
 * @param name - of the program, which exports `checks`, functions by title
 */
export async function describeChecks(name: string): Promise<void> {
  const missing = missingWine();
  const { checks } = (await import(pathToFileURL(program(name)).href)) as {
    checks: Record<string, unknown>;
  };
  const versions: NodeMajor[] = [20, 22];
  for (const version of versions) {
    describe.skipIf(missing !== undefined)(`${name} in Windows' Node ${version}`, () => {
      let outcomes: Record<string, string> = {};
      beforeAll(async () => {
        outcomes = await runChecks(name, version);
      }, 600_000);
      test.for(Object.keys(checks))('%s', (title) => {
        expect(outcomes[title]).toBe('passed');
      });
    });
  }
}

async function runChecks(name: string, version: NodeMajor): Promise<Record<string, string>> {
  const temporary = temporaryDirectory();
  try {
    const paths = [
      program('run_checks'),
      program(name),
      await windowsAddon(),
      temporary.directory('checks'),
    ];
    const { stdout, stderr } = await runWindows(
      await windowsNode(version),
      paths.map((path) => windowsPath(path)),
      { deadline: 120_000 },
    );
    // Wine itself has things to say on stderr.
    expect(stdout, stderr).toMatch(/^\{/);
    return JSON.parse(stdout) as Record<string, string>;
  } finally {
    temporary.remove();
  }
}
