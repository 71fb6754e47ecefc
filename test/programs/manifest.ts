import { run } from '../support/tools.js';

/**
 * All of a tree that a backup has to keep: type, mode, owner, links, size, time to the nanosecond,
 * link target and content of each entry. Sizes and link counts of directories are the file system's
 * own affair.
 */
export async function manifest(directory: string): Promise<string[]> {
  // The time of the root itself changes with what is done beside the tree.
  const common = '%P\\t%y\\t%m\\t%U:%G';
  const format = ['-mindepth', '1', '-printf'];
  const entries = await run(
    'find',
    ['.', ...format, `${common}\\t`, '(', '-type', 'd', '-printf', '-', '-o']
      .concat(['-printf', '%n\\t%s', ')'])
      // After links and size, what all have in common again.
      .concat(['-printf', '\\t%T@\\t%l\\0']),
    { cwd: directory },
  );
  const digests = await run(
    'find',
    ['.', '-type', 'f', '-exec', 'sha256sum', '--zero', '--', '{}', '+'],
    { cwd: directory },
  );
  return [...entries.split('\0'), ...digests.split('\0')].filter((line) => line !== '').sort();
}
