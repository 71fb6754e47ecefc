// Lists mounts as one line of JSON, and ends by itself: `node list.mjs OPTIONS HOW`. With `exit` for HOW
// it ends in the middle.
import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers';
import { listMounts } from 'node-dokan';

const [options = '{}', how = ''] = process.argv.slice(2);
if (how === 'exit') setTimeout(() => process.exit(0), 200);
writeSync(1, JSON.stringify(await listMounts(JSON.parse(options))));
