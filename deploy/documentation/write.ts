import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { DOCUMENTS, readDocument, withTables } from './tables.ts';

// `npm run docs`: brings the generated tables of every document up to date.
for (const document of DOCUMENTS) {
  writeFileSync(join(packageRoot(), document), withTables(readDocument(packageRoot(), document)));
}
