import { describeChecks } from './checks.js';

await describeChecks('file_functions');
