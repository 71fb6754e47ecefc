import { describeChecks } from './checks.js';

await describeChecks('mirror');
