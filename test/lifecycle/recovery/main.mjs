// Prints, as Markdown, how volumes recover from what may happen to their processes. Arguments: how often
// each event happens (default 5), and how often the story of a killed file system is told (100).
import { cpus, release } from 'node:os';
import { EVENTS, measure } from './events.mjs';
import { tellStory } from './story.mjs';

const [rounds = '5', stories = '100'] = process.argv.slice(2);

const median = (numbers) => numbers.sort((one, other) => one - other)[numbers.length >> 1];
const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
const print = (...cells) => console.log(`| ${cells.join(' | ')} |`);

console.log(
  `Linux ${release()}, Node ${process.versions.node}, ${cpus().length} processors, ` +
    `${new Date().toISOString().slice(0, 10)}; ${rounds} rounds each, a client writes meanwhile.\n`,
);
print(
  'What happens',
  'Usable again after (median)',
  'at most',
  'Files lost',
  'Processes left hanging',
);
print('---', '---:', '---:', '---:', '---:');
for (const name of Object.keys(EVENTS)) {
  const results = [];
  for (let round = 0; round < Number(rounds); round += 1) results.push(await measure(name));
  const times = results.map(({ milliseconds }) => milliseconds);
  print(
    name,
    `${median(times).toFixed(0)} ms`,
    `${Math.max(...times).toFixed(0)} ms`,
    sum(results.map(({ lost }) => lost)),
    sum(results.map(({ hanging }) => hanging)),
  );
}

const told = [];
for (let story = 0; story < Number(stories); story += 1)
  told.push(await tellStory(story % 2 === 0));
if (told.length > 0) {
  const times = told.map(({ milliseconds }) => milliseconds);
  const files = sum(told.map((story) => story.files));
  const lost = sum(told.map((story) => story.lost.length));
  console.log(
    `\nKilled while a client wrote and mounted again by a new process, ${told.length} times: ` +
      `served again after ${median(times).toFixed(0)} ms (median, with the start of Node; at most ` +
      `${Math.max(...times).toFixed(0)} ms), ${lost} of ${files} files lost.`,
  );
}
