import { conformance } from './all.js';
import { openMemfs } from './targets.js';

conformance('memfs', () => openMemfs('1G', '--allow-other'));
