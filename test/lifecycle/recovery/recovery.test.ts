import { describe, expect, it } from 'vitest';
import { EVENTS, measure } from './events.mjs';
import { tellStory } from './story.mjs';

const STORIES = Number(process.env['NODE_DOKAN_STORIES'] ?? 10);

describe('a file system that is killed, and mounted again by a process that knows nothing', () => {
  it.each([
    ['with its guard', true],
    ['without', false],
  ])(
    'loses no file: %s',
    async (_, guarded) => {
      for (let story = 0; story < STORIES; story += 2) {
        const told = await tellStory(guarded);
        expect(told.lost).toEqual([]);
        expect(told.files).toBeGreaterThanOrEqual(5);
        expect(told.clientsError).toMatch(/^ended (ECONNABORTED|ENOTCONN|ENOENT)$/);
        expect(told.writing).toBe(true);
      }
    },
    60_000 + STORIES * 20_000,
  );
});

// How long each takes, and many times: npm run measure:recovery.
it.each(Object.keys(EVENTS))('%s: the mount point recovers', async (name) => {
  expect(await measure(name)).toMatchObject({ lost: 0, hanging: 0 });
});
