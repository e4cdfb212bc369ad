import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { dashboardFiles } from './dashboards.ts';

// `npm run dashboards`: brings the JSON of every dashboard up to date.
for (const [file, json] of dashboardFiles()) {
  writeFileSync(join(packageRoot(), 'deploy', 'grafana', file), json);
}
