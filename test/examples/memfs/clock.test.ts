import { expect, it } from 'vitest';
import { now } from '../../../examples/memfs/clock.js';

it('never says the same twice, and stays near the system clock', () => {
  let last = now();
  for (let count = 0; count < 10_000; count += 1) {
    const time = now();
    expect(time > last).toBe(true);
    last = time;
  }
  expect(Math.abs(Number(last / 1_000_000n) - Date.now())).toBeLessThan(1_000);
});
