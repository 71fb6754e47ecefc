// Lists mounts as one line of JSON, and ends by itself: `node list.mjs OPTIONS HOW`. HOW: `twice` lists
// two times at once; `exit` ends it in the middle.
import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers';
import { listMounts } from 'node-dokan';

const [options = '{}', how = ''] = process.argv.slice(2);
const list = () => listMounts(JSON.parse(options));
if (how === 'exit') setTimeout(() => process.exit(0), 200);
const lists = await Promise.all(how === 'twice' ? [list(), list()] : [list()]);
writeSync(1, JSON.stringify(lists));
