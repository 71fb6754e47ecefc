import { describe, expect, it } from 'vitest';
import { withoutRoot } from '../lifecycle/place.js';
import { runProgramAsFirst, mountPointIn, testDirectory } from './support.js';

describe.skipIf(withoutRoot)('the first process of a container', () => {
  it('does not refuse those it has adopted while it waits', async () => {
    const point = mountPointIn(testDirectory());
    const program = runProgramAsFirst('adopting', point);
    await program.line('1: thread refused');
    await program.line('served');
    expect(program.lines).not.toContain('refused');
  }, 60_000);
});
