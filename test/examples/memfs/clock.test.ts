import { expect, it, vi } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { now } from '../../../examples/memfs/clock.js';

it('never says the same twice, and stays near the system clock', () => {
  let last = now();
  for (let count = 0; count < 10_000; count += 1) {
    const time = now();
    expect(time > last).toBe(true);
    last = time;
  }
  const before = Date.now();
  const told = Number(now() / 1_000_000n);
  const after = Date.now();
  expect(told).toBeGreaterThan(before - 1_000);
  expect(told).toBeLessThan(after + 1_000);
});

it('follows the system clock when that is set, forwards and back', async () => {
  const hour = 3_600_000;
  const real = Date.now;
  const set = vi.spyOn(Date, 'now');
  const lag = () => Number(now() / 1_000_000n) - real();
  try {
    for (const by of [hour, -hour, 0]) {
      set.mockImplementation(() => real() + by);
      await eventually('the clock to be set', () => Math.abs(lag() - by) < 1_000);
    }
  } finally {
    set.mockRestore();
  }
});
