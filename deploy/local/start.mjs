// `npm start`: set-up, then the fleet under the compiled supervisor, in this very process.
import { ROOT, setUp } from './setup.mjs';

await setUp('run');
process.setSourceMapsEnabled(true);
const { compiledPlaces, superviseFleet } = await import('../../dist/deploy/local/supervisor.js');
process.exitCode = await superviseFleet(process.argv.slice(2), compiledPlaces(ROOT));
