// `npm run check`: types (by the build), lint, import rules, dead code.
import { runChecks } from './check-steps.mjs';
import { setUp } from './setup.mjs';

await setUp('none');
console.log('✔ types');
const codes = await runChecks();
process.exitCode = Object.values(codes).some((code) => code !== 0) ? 1 : 0;
