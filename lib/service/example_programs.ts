import { fileURLToPath } from 'node:url';

/** The file systems that come with the package. */
export const EXAMPLES = ['mirrorfs', 'memfs', 'imagefs', 'hashfs'] as const;
export type ExampleName = (typeof EXAMPLES)[number];

/** The compiled program of an example, which takes `--mount POINT` and its own options. */
export function exampleProgram(name: ExampleName): { readonly path: string; readonly url: string } {
  const url = new URL(`../examples/${name}/main.js`, import.meta.url);
  return { path: fileURLToPath(url), url: url.href };
}
