import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Posix } from '../../support/posix.js';
import { startExample, type ExampleProcess } from '../../support/example.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { run } from '../../support/tools.js';

describe.runIf(process.platform === 'linux').each(['1', '2'])('hashfs --threads %s', (threads) => {
  let temporary: ReturnType<typeof temporaryDirectory>;
  let root: string;
  let point: string;
  let example: ExampleProcess;

  beforeEach(async () => {
    temporary = temporaryDirectory();
    root = temporary.directory('root');
    point = temporary.directory('mount');
    mkdirSync(join(root, 'below'));
    for (let number = 0; number < 20; number += 1) {
      writeFileSync(join(root, `file ${number}`), Buffer.alloc(number * 100_000, number));
    }
    writeFileSync(join(root, 'below', 'ü'), 'text');
    symlinkSync('/etc/passwd', join(root, 'link'));
    example = await startExample('hashfs', point, { args: ['--root', root, '--threads', threads] });
  });

  afterEach(async () => {
    await example.stop();
    temporary.remove();
  });

  it('shows digests that sha256sum agrees with', async () => {
    const check = `find . -name '*.sha256' -print0 | xargs -0 -n 3 -P 4 cat > ../sums`;
    await run('sh', [
      '-c',
      `cd '${point}' && ${check.replace('../sums', "'" + root + "/../sums'")}`,
    ]);
    const sums = join(root, '..', 'sums');
    const posix = new Posix();
    try {
      expect((await posix.readText(sums)).trimEnd().split('\n')).toHaveLength(21);
    } finally {
      await posix.close();
    }
    await run('sh', ['-c', `cd '${root}' && grep -v 'ü$' '${sums}' | sha256sum --quiet -c`]);
    await run('sh', ['-c', `cd '${root}/below' && grep 'ü$' '${sums}' | sha256sum --quiet -c`]);
  });

  it('shows nothing else', async () => {
    const names = (await run('ls', ['-A', point])).trimEnd().split('\n');
    expect(names).toHaveLength(21);
    expect(names.filter((name) => name !== 'below' && !name.endsWith('.sha256'))).toEqual([]);
  });
});
