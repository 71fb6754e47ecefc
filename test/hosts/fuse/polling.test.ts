import { describe, expect, it } from 'vitest';
import { Polling } from '../../../lib/hosts/fuse/polling.js';

/** Answers so many requests, each look after one ending as told. @returns how many looks there were */
function answer(polling: Polling, requests: number, isFound: boolean): number {
  let looks = 0;
  for (let request = 0; request < requests; request += 1) {
    if (polling.next() === 0) continue;
    looks += 1;
    if (isFound) polling.found();
    else polling.missed();
  }
  return looks;
}

describe('Polling', () => {
  it('looks after every request while that finds the next one', () => {
    expect(answer(new Polling(40), 1_000, true)).toBe(1_000);
    expect(new Polling(40).next()).toBe(40);
  });

  it('seldom looks where each request comes alone', () => {
    const polling = new Polling(40);
    answer(polling, 500, false);
    expect(answer(polling, 6_400, false)).toBe(100);
  });

  it('goes on looking through bursts: one miss ends each', () => {
    const polling = new Polling(40);
    for (let burst = 0; burst < 100; burst += 1) {
      expect(answer(polling, 3, true)).toBe(3);
      expect(answer(polling, 1, false)).toBe(1);
    }
  });

  it('looks after every request again as soon as one look has found something', () => {
    const polling = new Polling(40);
    answer(polling, 1_000, false);
    let requests = 1;
    while (polling.next() === 0) requests += 1;
    polling.found();
    expect(requests).toBeLessThanOrEqual(64);
    expect(answer(polling, 100, true)).toBe(100);
  });

  it('never looks when it must not', () => {
    expect(answer(new Polling(0), 100, true)).toBe(0);
  });
});
